//! Simulated histories, read by the plan in every order of arrival: nothing is missed, nothing is claimed too early.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// `(second, which question it answers)`; the index is the event's identity.
type History = Vec<(i64, Option<usize>)>;

/// What a service that keeps to the reference answers, `size` events a page.
fn answer(history: &History, request: &Request, size: usize) -> (Vec<usize>, Page) {
    let mut found: Vec<usize> = (0..history.len())
        .filter(|&id| (request.span.from..=request.span.to).contains(&history[id].0))
        .filter(|&id| request.question.is_none_or(|q| history[id].1.is_some_and(|at| QUESTIONS[at] == q)))
        .collect();
    found.sort_by_key(|&id| std::cmp::Reverse((history[id].0, id)));
    let start: usize = request.token.as_deref().map_or(0, |token| token.parse().expect("our own token"));
    let end = (start + size).min(found.len());
    let token = (end < found.len()).then(|| end.to_string());
    let ids = found[start..end].to_vec();
    let times = ids.iter().map(|&id| history[id].0).collect();
    (ids, Page { times, token })
}

fn covered_exactly(plan: &Plan) {
    let mut to = plan.range().to;
    for span in plan.windows() {
        assert_eq!(span.to, to, "windows touch and do not overlap");
        assert!(span.from <= span.to && span.from >= plan.range().from);
        to = span.from - 1;
    }
    assert!(to == plan.cut - 1, "what is not cut begins where the windows end");
}

fn claims_no_more_than_was_read(plan: &Plan, history: &History, delivered: &BTreeSet<usize>) {
    if let Some(since) = plan.covered_since() {
        for (id, &(time, _)) in history.iter().enumerate() {
            if (since..=plan.range().to).contains(&time) {
                assert!(delivered.contains(&id), "event {id} at {time} is claimed since {since}");
            }
        }
    }
}

/// Runs a plan to its end; `dice` decides who answers next and what goes wrong. Answers what was delivered.
fn run(plan: &mut Plan, history: &History, size: usize, mut dice: impl FnMut(usize) -> usize, trouble: bool) -> Run {
    let mut flying: BTreeMap<ChainId, Request> = BTreeMap::new();
    let mut run = Run::default();
    loop {
        covered_exactly(plan);
        claims_no_more_than_was_read(plan, history, &run.delivered);
        assert!(run.requests < 200_000, "a plan ends");
        // Sometimes more than one request is under way before an answer comes.
        if dice(3) > 0 || flying.is_empty() {
            let ready = plan.is_ready();
            let next = plan.next_request();
            assert_eq!(ready, matches!(next, Next::Ask(_)));
            match next {
                Next::Ask(request) => {
                    run.requests += 1;
                    run.asked.push((request.question.is_some(), request.span));
                    let old = flying.insert(request.chain, request);
                    assert_eq!(old, None, "one request a chain at a time");
                    assert!(flying.len() <= IN_FLIGHT);
                    continue;
                }
                Next::Done => {
                    assert!(flying.is_empty());
                    return run;
                }
                Next::Wait => assert!(!flying.is_empty(), "never waits for nothing"),
            }
        }
        let at = dice(flying.len());
        let chain = *flying.keys().nth(at).expect("one is under way");
        let request = flying.remove(&chain).expect("it is there");
        match dice(if trouble { 12 } else { 1 }) {
            9 => plan.throttled(chain),
            10 if request.token.is_some() => {
                run.lost += u32::from(!plan.token_lost(chain));
            }
            11 => {
                plan.failed(chain);
                run.lost += 1;
            }
            _ => {
                let (ids, page) = answer(history, &request, size);
                run.delivered.extend(ids);
                assert!(plan.arrived(chain, &page));
            }
        }
    }
}

#[derive(Default)]
struct Run {
    delivered: BTreeSet<usize>,
    /// Whether it was a question, and the span.
    asked: Vec<(bool, Span)>,
    requests: u32,
    lost: u32,
}

/// Quiet stretches and bursts, several events in one second.
fn histories() -> impl Strategy<Value = History> {
    let event = (0i64..100_000, proptest::option::weighted(0.2, 0usize..QUESTIONS.len()));
    let burst = (0i64..99_000, 1usize..120, 0i64..40);
    (proptest::collection::vec(event, 0..150), proptest::collection::vec(burst, 0..4)).prop_map(
        |(mut events, bursts)| {
            for (start, count, spread) in bursts {
                events.extend((0..count).map(|n| (start + (n as i64 * spread) / count as i64, None)));
            }
            events
        },
    )
}

fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % sides.max(1)
    }
}

proptest! {
    #[test]
    fn everything_is_delivered_and_claimed_in_the_end(
        history in histories(), since in 0i64..100_000, length in 0i64..100_000, size in 1usize..50, seed: u64
    ) {
        let range = Span { from: since, to: since + length };
        let mut plan = Plan::new(range.from, range.to);
        let run = run(&mut plan, &history, size, dice(seed), false);
        for (id, &(time, _)) in history.iter().enumerate() {
            prop_assert_eq!(run.delivered.contains(&id), (range.from..=range.to).contains(&time));
        }
        prop_assert_eq!(plan.covered_since(), Some(range.from));
        prop_assert_eq!(plan.windows().map(Span::seconds).sum::<i64>(), range.seconds());
        prop_assert_eq!(plan.pages_left(), Some(0.0));
    }

    #[test]
    fn what_is_held_is_not_asked_for_and_counts_as_covered(
        history in histories(), since in 0i64..50_000, length in 0i64..100_000,
        held in proptest::collection::vec((0i64..120_000, 0i64..60_000), 1..4),
        size in 1usize..50, seed: u64, trouble: bool
    ) {
        let range = Span { from: since, to: since + length };
        let held: Spans = held.into_iter().map(|(from, length)| Span { from, to: from + length }).collect();
        let outside = |second: i64| held.iter().all(|held| !(held.from..=held.to).contains(&second));
        // As if there were no other events: the plan must find these all the same.
        let history: History = history.into_iter().filter(|&(time, _)| outside(time)).collect();
        let mut plan = Plan::going_on(range.from, range.to, held.iter());
        let run = run(&mut plan, &history, size, dice(seed), trouble);
        for (_, asked) in run.asked.iter().filter(|(question, _)| !question) {
            let asked_twice = held.iter().any(|held| asked.to >= held.from && asked.from <= held.to);
            prop_assert!(!asked_twice, "{asked:?} was asked for, {held:?} is held");
        }
        // All that is said to be read was delivered, or held before.
        for (id, &(time, _)) in history.iter().enumerate() {
            if plan.read().iter().any(|span| (span.from..=span.to).contains(&time)) {
                prop_assert!(run.delivered.contains(&id), "event {id} at {time}");
            }
        }
        if run.lost == 0 {
            for (id, &(time, _)) in history.iter().enumerate() {
                prop_assert_eq!(run.delivered.contains(&id), (range.from..=range.to).contains(&time));
            }
            prop_assert_eq!(plan.covered_since(), Some(range.from));
            prop_assert_eq!(plan.pages_left(), Some(0.0));
        }
    }

    #[test]
    fn trouble_leaves_a_hole_only_where_a_chain_was_given_up(history in histories(), size in 1usize..50, seed: u64) {
        let mut plan = Plan::new(0, 100_000);
        // The claims are checked at every step of the run.
        let run = run(&mut plan, &history, size, dice(seed), true);
        if run.lost == 0 {
            prop_assert_eq!(plan.covered_since(), Some(0));
            prop_assert_eq!(run.delivered.len(), history.len());
        }
    }

    #[test]
    fn an_unordered_service_is_read_whole_and_claimed_late(history in histories(), size in 2usize..50, seed: u64) {
        let mut plan = Plan::new(0, 100_000);
        let mut delivered = BTreeSet::new();
        let mut dice = dice(seed);
        let mut answered = 0;
        while let Next::Ask(request) = plan.next_request() {
            let (ids, whole) = answer(&history, &Request { token: None, ..request.clone() }, usize::MAX / 2);
            // Oldest first: the wrong way round.
            let (ids, times): (Vec<_>, Vec<_>) = ids.into_iter().rev().zip(whole.times.into_iter().rev()).unzip();
            let start: usize = request.token.as_deref().map_or(0, |token| token.parse().expect("our own token"));
            let end = (start + size).min(ids.len());
            if start > 0 && dice(40) == 0 {
                plan.token_lost(request.chain);
                continue;
            }
            delivered.extend(ids[start..end].iter().copied());
            let token = (end < ids.len()).then(|| end.to_string());
            plan.arrived(request.chain, &Page { times: times[start..end].to_vec(), token });
            answered += 1;
            prop_assert!(answered < 100_000);
            covered_exactly(&plan);
        }
        if plan.covered_since() == Some(0) {
            prop_assert_eq!(delivered.len(), history.len());
        }
    }
}

#[test]
fn questions_come_before_the_backfill() {
    let mut plan = Plan::new(0, 1_000_000);
    for question in QUESTIONS {
        let Next::Ask(request) = plan.next_request() else { panic!("a request") };
        assert_eq!(request.question, Some(question));
        assert_eq!(request.span, plan.range());
    }
    // All questions are under way: the spare rate goes to the backfill.
    let Next::Ask(backfill) = plan.next_request() else { panic!("a request") };
    assert_eq!((backfill.question, backfill.span.to), (None, 1_000_000));
    // A question whose page has come goes before the backfill again.
    plan.arrived(ChainId::Question(3), &Page { times: vec![999_999; 50], token: Some("a".into()) });
    let Next::Ask(again) = plan.next_request() else { panic!("a request") };
    assert_eq!((again.chain, again.token.as_deref()), (ChainId::Question(3), Some("a")));
}

#[test]
fn a_question_stops_at_its_pages_and_says_so() {
    let mut plan = Plan::new(0, 1_000_000);
    let mut pages = 0;
    while let Next::Ask(request) = plan.next_request() {
        let sts = request.question == Some(QUESTIONS[4]);
        pages += u32::from(sts);
        // sts never ends; everything else is empty.
        let token = sts.then(|| pages.to_string());
        let times = if sts { vec![900_000 - i64::from(pages); 50] } else { Vec::new() };
        plan.arrived(request.chain, &Page { times, token });
    }
    assert_eq!(pages, QUESTIONS[4].pages);
    assert_eq!(plan.answered(), (vec!["root", "sign-ins", "organizations", "iam"], vec!["sts"]));
    assert_eq!(plan.covered_since(), Some(0));
}

#[test]
fn no_further_back_than_the_history_goes() {
    let plan = Plan::new(0, 1_764_000_000);
    assert_eq!(plan.range(), Span { from: 1_764_000_000 - HISTORY, to: 1_764_000_000 });
    assert_eq!(Plan::new(50, 10).range(), Span { from: 10, to: 10 });
}

#[test]
fn a_quiet_account_costs_few_requests_for_ninety_days() {
    let mut plan = Plan::new(0, HISTORY);
    let run = run(&mut plan, &vec![(5, None), (HISTORY - 9, Some(0))], 50, dice(7), false);
    assert!(run.requests <= 40, "{} requests", run.requests);
}

#[test]
fn a_busy_account_costs_few_requests_more_than_its_pages() {
    let history: History = (0..20_000).map(|n| (n * 30, None)).collect();
    let mut plan = Plan::new(0, 600_000);
    let run = run(&mut plan, &history, 50, dice(3), false);
    assert!(run.requests < 400 * 13 / 10, "{} requests for 400 pages", run.requests);
}

#[test]
fn a_circle_of_tokens_is_given_up() {
    let mut plan = Plan::new(0, 10_000);
    while plan.failed_in_a_row() < 3 {
        let Next::Ask(request) = plan.next_request() else { panic!("a request") };
        let again = request.token.is_some();
        let page = Page { times: vec![request.span.to; 50], token: Some("always".into()) };
        assert_eq!(plan.arrived(request.chain, &page), !again, "a token is followed once");
    }
    assert_eq!(plan.covered_since(), None);
}

#[test]
fn nothing_is_extrapolated_from_a_moment() {
    let mut plan = Plan::new(0, HISTORY);
    for _ in QUESTIONS {
        plan.next_request();
    }
    let Next::Ask(request) = plan.next_request() else { panic!("a request") };
    let page = Page { times: (0..50).map(|n| HISTORY - n).collect(), token: Some("1".into()) };
    plan.arrived(request.chain, &page);
    assert_eq!(plan.pages_left(), None);
}

#[test]
fn a_moment_that_is_missing_is_read_without_questions() {
    let day = 24 * 3600;
    let mut plan = Plan::going_on(0, day, Some(Span { from: 0, to: day - SETTLE }));
    let run = run(&mut plan, &vec![(day - 1, Some(0))], 50, dice(7), false);
    assert_eq!(run.delivered, [0].into());
    assert!(run.requests <= 2 && run.asked.iter().all(|(question, _)| !question), "{:?}", run.asked);
    // After hours away they are worth it, for what is new.
    let mut plan = Plan::going_on(0, day, Some(Span { from: -5, to: day / 2 }));
    let Next::Ask(request) = plan.next_request() else { panic!("a request") };
    assert_eq!((request.question, request.span), (Some(QUESTIONS[0]), Span { from: day / 2 + 1, to: day }));
}

#[test]
fn what_is_new_is_claimed_only_once_it_joins_what_is_held() {
    let mut plan = Plan::going_on(0, 10_000, Some(Span { from: 0, to: 9_000 }));
    assert_eq!(plan.covered_since(), None);
    let Next::Ask(request) = plan.next_request() else { panic!("a request") };
    let page = Page { times: (0..50).map(|n| 10_000 - n).collect(), token: Some("1".into()) };
    plan.arrived(request.chain, &page);
    assert_eq!(plan.covered_since(), None, "a hole is left between them");
    while let Next::Ask(request) = plan.next_request() {
        plan.arrived(request.chain, &Page::default());
    }
    assert_eq!(plan.covered_since(), Some(0));
}
