//! The loop: takes what happened, lets the machine answer, performs the effects, draws when something has changed.
//! Idle costs nothing: there is no tick.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::screen::Screen;
use super::workers::Workers;
use super::{OrderWords, clipboard, clock, input, terminal};
use crate::app::{App, Effect, Msg, Start, update};
use crate::collect::{Delivery, OUTBOX, Source, Wanted};
use crate::model::Ask;
use crate::ui::theme::Theme;
use crate::ui::view;

/// The least time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);
/// How long messages are taken in before a frame is drawn.
const DRAIN: Duration = Duration::from_millis(4);

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    ByUser,
    /// By a signal, or because the terminal has gone.
    BySignal(i32),
}

struct Driver {
    app: App,
    screen: Screen<io::Stdout>,
    workers: Workers,
    theme: Theme,
    around: clipboard::Surroundings,
    messages: mpsc::UnboundedSender<Msg>,
    drawn: Option<Instant>,
    quit: bool,
}

/// Runs the screen until the user quits or a signal comes.
///
/// # Errors
/// When there is no terminal, or it cannot be written to any more.
pub async fn run(source: Arc<dyn Source>, words: OrderWords, theme: Theme, start: Start) -> io::Result<Ended> {
    // Signals are asked for before the terminal is taken: from then on none may kill us.
    let mut term = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let guard = terminal::take()?;
    let (delivery_sender, mut deliveries) = mpsc::channel::<Delivery>(OUTBOX);
    let (messages, mut answers) = mpsc::unbounded_channel();
    let size = start.size;
    let (app, effects) = App::new(start, source.origin());
    let mut driver = Driver {
        app,
        screen: Screen::new(io::stdout(), size),
        workers: Workers::new(source, words, delivery_sender, messages.clone()),
        theme,
        around: clipboard::Surroundings::read(),
        messages,
        drawn: None,
        quit: false,
    };
    // The first frame comes before the first call.
    driver.draw()?;
    driver.perform(effects)?;
    let mut events = events();
    let mut ended = Ended::ByUser;
    while !driver.quit {
        let wake = driver.wake();
        let mut key = false;
        let msg = tokio::select! {
            biased;
            _ = term.recv() => { ended = Ended::BySignal(15); break }
            _ = hangup.recv() => { ended = Ended::BySignal(1); break }
            _ = interrupt.recv() => { ended = Ended::BySignal(2); break }
            event = events.recv() => match event {
                Some(Ok(event)) => { key = true; input::message(event) }
                // The terminal has gone.
                Some(Err(_)) | None => { ended = Ended::BySignal(1); break }
            },
            msg = answers.recv() => msg,
            delivery = deliveries.recv() => delivery.map(Msg::Delivered),
            () = sleep_until(wake) => Some(Msg::Clock),
        };
        let began = Instant::now();
        if let Some(msg) = msg {
            driver.take(msg)?;
        }
        while began.elapsed() < DRAIN && !driver.quit {
            if let Ok(Ok(event)) = events.try_recv() {
                key = true;
                if let Some(msg) = input::message(event) {
                    driver.take(msg)?;
                }
            } else if let Ok(msg) = answers.try_recv() {
                driver.take(msg)?;
            } else if let Ok(delivery) = deliveries.try_recv() {
                driver.take(Msg::Delivered(delivery))?;
            } else {
                break;
            }
        }
        if !driver.quit && (key || driver.frame_due()) {
            driver.draw()?;
        }
    }
    driver.workers.stop_all();
    drop(guard);
    // Nobody takes what is still delivered.
    drop(deliveries);
    driver.workers.farewell().await;
    Ok(ended)
}

/// Terminal events through a channel of their own: the stream keeps the first waker that polls it, so it must be awaited
/// in one place only and never merely looked at.
fn events() -> mpsc::UnboundedReceiver<io::Result<Event>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut events = EventStream::new();
        while let Some(event) = events.next().await {
            if sender.send(event).is_err() {
                break;
            }
        }
    });
    receiver
}

async fn sleep_until(wake: Option<Duration>) {
    match wake {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

impl Driver {
    fn take(&mut self, msg: Msg) -> io::Result<()> {
        let effects = update(&mut self.app, msg, clock::now());
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Run(id, asks, held) => self.workers.run(id, asks, held, Wanted::Period),
                Effect::Follow(id, held, again) => {
                    self.workers.run(id, BTreeSet::from([Ask::Events]), held, Wanted::Newer(again));
                }
                Effect::LookUp(id, lookup) => {
                    let asks = BTreeSet::from([Ask::Events]);
                    self.workers.run(id, asks, BTreeMap::new(), Wanted::With(lookup));
                }
                Effect::Cancel(id) => self.workers.cancel(id),
                effect @ Effect::Assess { .. } => self.workers.assess(effect),
                Effect::Compare(log) => self.workers.compare(log),
                Effect::Fetch(id, fetch) => self.workers.fetch(id, fetch),
                Effect::Copy { what, text } => {
                    let said = clipboard::copy(what, &text, self.around, |bytes| self.screen.send(bytes));
                    // The receiver lives as long as the loop.
                    let _ = self.messages.send(Msg::Copied(said));
                }
                Effect::Mouse(on) => terminal::mouse(on)?,
                Effect::Redraw => self.screen.forget(self.app.size),
                Effect::Quit => self.quit = true,
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        if !self.app.take_dirty() {
            return Ok(());
        }
        self.drawn = Some(Instant::now());
        let (width, height) = self.app.size;
        let mut frame = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = view(&self.app, &self.theme, &mut frame);
        self.screen.show(frame, cursor)
    }

    fn frame_due(&self) -> bool {
        self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME)
    }

    /// How long the loop may sleep: for ever when nothing is pending.
    fn wake(&self) -> Option<Duration> {
        let frame = self
            .app
            .is_dirty()
            .then(|| self.drawn.map_or(Duration::ZERO, |drawn| FRAME.saturating_sub(drawn.elapsed())));
        let assess = self.app.wake().map(|at| {
            let wait = at.duration_since(clock::now());
            Duration::try_from(wait).unwrap_or(Duration::ZERO)
        });
        match (frame, assess) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}
