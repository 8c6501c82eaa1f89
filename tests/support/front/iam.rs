//! What moto's IAM lacks: pages of GetAccountAuthorizationDetails, names of policies in them, the root row of the
//! credential report, ListOrganizationsFeatures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::Upstream;
use super::call::{Answer, Call, form};

const SECTIONS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
/// The default of MaxItems.
const PAGE: usize = 100;

/// A section by its place in [`SECTIONS`], and the XML of one member in it.
type Item = (usize, String);

#[derive(Default)]
pub struct Iam(Mutex<State>);

#[derive(Default)]
struct State {
    listings: BTreeMap<usize, Arc<Vec<Item>>>,
    hostile: Vec<String>,
    page: Option<usize>,
    root: RootRow,
    features: Vec<String>,
}

/// What the credential report says of root.
#[derive(Clone, Debug, Default)]
pub struct RootRow {
    pub mfa: bool,
    pub access_key: bool,
    /// A timestamp, or `no_information` when empty.
    pub password_last_used: String,
}

impl Iam {
    /// A role that IAM itself would refuse, put among the real ones. The name goes into XML as it is.
    pub fn add_hostile_role(&self, name: &str) {
        let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        self.state().hostile.push(format!(
            "<member><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROAHOSTILE</RoleId>\
             <Arn>arn:aws:iam::123456789012:role/{name}</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{policy}</AssumeRolePolicyDocument><InstanceProfileList/><RolePolicyList/>\
             <AttachedManagedPolicies/><Tags/><RoleLastUsed/></member>"
        ));
    }

    /// At most this many details a page, whatever the caller asks: AWS may return fewer than MaxItems.
    pub fn set_page(&self, page: usize) {
        self.state().page = Some(page);
    }

    pub fn set_root(&self, root: RootRow) {
        self.state().root = root;
    }

    pub fn set_features(&self, features: &[&str]) {
        self.state().features = features.iter().map(|&feature| feature.to_owned()).collect();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked with the pages")
    }

    pub async fn details(&self, call: &Call, body: &Bytes, upstream: &Upstream<'_>) -> Answer {
        let refuse = || Answer::error(call, 400, "ValidationError", "Invalid Marker");
        let (listing, start) = match form(body, "Marker") {
            Some(marker) => {
                let place =
                    marker.split_once('-').and_then(|(id, start)| Some((id.parse().ok()?, start.parse().ok()?)));
                let Some((id, start)) = place else { return refuse() };
                (id, start)
            }
            None => {
                let whole = upstream.pass(body.clone()).await;
                if whole.status != 200 {
                    return whole;
                }
                (self.keep(&String::from_utf8_lossy(&whole.body), body), 0)
            }
        };
        let Some(items) = self.state().listings.get(&listing).cloned().filter(|items| start <= items.len()) else {
            return refuse();
        };
        let asked = form(body, "MaxItems").and_then(|number| number.parse().ok()).unwrap_or(PAGE);
        let page = self.state().page.map_or(asked, |page| page.min(asked)).max(1);
        let end = (start + page).min(items.len());
        let marker = (end < items.len()).then(|| format!("{listing}-{end}"));
        Answer::xml(details_page(&items[start..end], marker.as_deref()))
    }

    /// Keeps moto's full answer for the pages to come; its number goes into their markers.
    fn keep(&self, whole: &str, body: &[u8]) -> usize {
        let mut items = Vec::new();
        let mut state = self.state();
        for (place, section) in SECTIONS.iter().enumerate() {
            items.extend(members(whole, section).into_iter().filter_map(|member| match *section {
                "Policies" => Some((place, named_policy(&member)?)),
                _ => Some((place, member)),
            }));
            // A filter that leaves roles out leaves the hostile ones out too.
            if *section == "RoleDetailList" && (form(body, "Filter.member.1").is_none() || body_asks_roles(body)) {
                items.extend(state.hostile.iter().map(|role| (place, role.clone())));
            }
        }
        let number = state.listings.len() + 1;
        state.listings.insert(number, Arc::new(items));
        number
    }

    pub async fn credential_report(&self, body: &Bytes, upstream: &Upstream<'_>) -> Answer {
        let whole = upstream.pass(body.clone()).await;
        let text = String::from_utf8_lossy(&whole.body).into_owned();
        let Some(content) = between(&text, "<Content>", "</Content>") else { return whole };
        let packed: String = content.split_whitespace().collect();
        let Some(csv) = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return whole;
        };
        let (header, rows) = csv.split_once('\n').unwrap_or((&csv, ""));
        let row = self.state().root.row(header);
        let full = STANDARD.encode(format!("{}\n{row}\n{rows}", header.trim_end()));
        Answer::xml(text.replacen(content, &full, 1))
    }

    pub fn organizations_features(&self) -> Answer {
        let features: String =
            self.state().features.iter().map(|feature| format!("<member>{feature}</member>")).collect();
        Answer::xml(format!(
            "<ListOrganizationsFeaturesResponse xmlns=\"{NAMESPACE}\"><ListOrganizationsFeaturesResult>\
             <OrganizationId>o-front00000</OrganizationId><EnabledFeatures>{features}</EnabledFeatures>\
             </ListOrganizationsFeaturesResult><ResponseMetadata><RequestId>front</RequestId></ResponseMetadata>\
             </ListOrganizationsFeaturesResponse>"
        ))
    }
}

impl RootRow {
    fn row(&self, header: &str) -> String {
        let value = |column: &str| match column {
            "user" => "<root_account>".to_owned(),
            "arn" => "arn:aws:iam::123456789012:root".to_owned(),
            "user_creation_time" => "2019-03-01T09:00:00+00:00".to_owned(),
            "password_enabled" | "password_last_changed" | "password_next_rotation" => "not_supported".to_owned(),
            "password_last_used" if self.password_last_used.is_empty() => "no_information".to_owned(),
            "password_last_used" => self.password_last_used.clone(),
            "mfa_active" => self.mfa.to_string(),
            "access_key_1_active" => self.access_key.to_string(),
            "access_key_1_last_rotated" if self.access_key => "2019-03-01T09:00:00+00:00".to_owned(),
            "access_key_2_active" | "cert_1_active" | "cert_2_active" => "false".to_owned(),
            _ => "N/A".to_owned(),
        };
        header.trim_end().split(',').map(value).collect::<Vec<_>>().join(",")
    }
}

fn body_asks_roles(body: &[u8]) -> bool {
    (1..=5).any(|place| form(body, &format!("Filter.member.{place}")).is_some_and(|filter| filter == "Role"))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.find(open)? + open.len();
    let end = start + text[start..].find(close)?;
    Some(&text[start..end])
}

/// The `<member>` elements right inside a section.
fn members(whole: &str, section: &str) -> Vec<String> {
    const OPEN: &str = "<member>";
    const CLOSE: &str = "</member>";
    let (open, close) = (format!("<{section}>"), format!("</{section}>"));
    let (Some(start), Some(end)) = (whole.find(&open), whole.rfind(&close)) else { return Vec::new() };
    let text = &whole[start + open.len()..end];
    let (mut found, mut depth, mut from, mut at) = (Vec::new(), 0, 0, 0);
    while let Some(next) = text[at..].find('<').map(|step| at + step) {
        at = next + 1;
        if text[next..].starts_with(OPEN) {
            if depth == 0 {
                from = next;
            }
            depth += 1;
        } else if text[next..].starts_with(CLOSE) {
            depth -= 1;
            if depth == 0 {
                found.push(text[from..next + CLOSE.len()].to_owned());
            }
        }
    }
    found
}

/// Adds the name and id that moto leaves out; `None` for an AWS managed policy that nobody has attached, which AWS
/// leaves out.
fn named_policy(member: &str) -> Option<String> {
    let arn = between(member, "<Arn>", "</Arn>")?;
    if arn.starts_with("arn:aws:iam::aws:") && member.contains("<AttachmentCount>0</AttachmentCount>") {
        return None;
    }
    if member.contains("<PolicyName>") {
        return Some(member.to_owned());
    }
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let id: String = name.to_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let named = format!("<member><PolicyName>{name}</PolicyName><PolicyId>ANPA{id}</PolicyId>");
    Some(member.replacen("<member>", &named, 1))
}

fn details_page(items: &[Item], marker: Option<&str>) -> String {
    let mut page =
        format!("<GetAccountAuthorizationDetailsResponse xmlns=\"{NAMESPACE}\"><GetAccountAuthorizationDetailsResult>");
    for (place, section) in SECTIONS.iter().enumerate() {
        page.push_str(&format!("<{section}>"));
        page.extend(items.iter().filter(|item| item.0 == place).map(|item| item.1.as_str()));
        page.push_str(&format!("</{section}>"));
    }
    page.push_str(&format!("<IsTruncated>{}</IsTruncated>", marker.is_some()));
    if let Some(marker) = marker {
        page.push_str(&format!("<Marker>{marker}</Marker>"));
    }
    page.push_str(
        "</GetAccountAuthorizationDetailsResult><ResponseMetadata><RequestId>front</RequestId></ResponseMetadata>\
         </GetAccountAuthorizationDetailsResponse>",
    );
    page
}
