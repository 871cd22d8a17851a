//! Who will not get a campaign and why, before it goes: the gate is asked for everybody of the audience, and nothing is
//! sent or written.

use super::audience::{self, REASONS};
use crate::EngineError;
use crate::dispatch::{Asked, address_of, ask_gate, suppression_of};
use crate::facts::zone_of;
use crate::insight::Insight;
use crate::render::{Composer, Occasion};
use crate::turns::{reach_ms, sent_of};
use domain::campaign::{Campaign, Late, local_time_of};
use domain::gate::Decision;
use kit::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::Store;
use store::access::Workspace;
use store::messages::TemplateRow;

/// People that are looked at together.
const PEOPLE: usize = 2_000;
/// People that are shown for each reason.
const SAMPLE: usize = 5;
/// People for whom the template is rendered.
const RENDERED: usize = 50;

/// How far a check has come; shared with whoever watches it.
#[derive(Debug, Default)]
pub struct CheckProgress {
    pub done: AtomicU64,
    /// 0 while the audience is not known yet.
    pub total: AtomicU64,
    pub cancelled: AtomicBool,
}

/// People of one reason.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    pub people: u64,
    /// Ids of some of the profiles.
    pub sample: Vec<String>,
}

/// Somebody for whom the words cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendered {
    pub profile_id: String,
    /// As in the ledger: `value_missing`, `template_broken`.
    pub code: String,
    pub detail: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Whom the audience names.
    pub named: u64,
    /// Who is left out of these, by reason.
    pub excluded: BTreeMap<String, Found>,
    /// Who is to get it.
    pub audience: u64,
    /// Who would get it at its time.
    pub goes: u64,
    /// Who would get it later than that, by reason.
    pub delayed: BTreeMap<String, Found>,
    /// Who would not get it, by reason.
    pub refused: BTreeMap<String, Found>,
    /// For how many of those who would get it the words were made, and what went wrong.
    pub rendered: u64,
    pub problems: Vec<Rendered>,
}

fn count(into: &mut BTreeMap<String, Found>, reason: &str, id: &dyn Fn() -> String) {
    let found = into.entry(reason.to_owned()).or_default();
    found.people += 1;
    if found.sample.len() < SAMPLE {
        found.sample.push(id());
    }
}

/// Asks for everybody at the instant at which it would go to them, were it launched at `now`. `None` when it was
/// cancelled.
///
/// # Errors
/// The id of a segment whose members are not known, inside.
pub fn check(
    store: &Store,
    workspace: &Workspace,
    campaign: &Campaign,
    template: Option<&TemplateRow>,
    composer: &mut Composer,
    now: Timestamp,
    progress: &CheckProgress,
) -> Result<Option<Result<Checked, String>>, EngineError> {
    let goes_on = || !progress.cancelled.load(Ordering::Relaxed);
    let id = workspace.workspace;
    let insight = store.read(|tx| Insight::read(tx, id))?;
    let resolved = match audience::resolve(store, id, campaign, now, &mut || goes_on())? {
        None => return Ok(None),
        Some(Err(segment)) => return Ok(Some(Err(segment))),
        Some(Ok(resolved)) => resolved,
    };
    let mut checked =
        Checked { named: resolved.named.len(), audience: resolved.members.len(), ..Checked::default() };
    progress.total.store(checked.audience, Ordering::Relaxed);
    for reason in REASONS {
        let Some(out) = resolved.excluded.get(reason) else { continue };
        let few: Vec<_> = out.iter().take(SAMPLE).map(|no| (id, no)).collect();
        let shown = store.read(|tx| tx.profiles(&few))?;
        let sample = shown.into_iter().map(|(_, stored)| stored.profile.id.to_string()).collect();
        checked.excluded.insert(reason.to_owned(), Found { people: out.len(), sample });
    }
    let zone = workspace.settings.zone();
    let planned = campaign.schedule.first(now, &zone);
    let starts_at = planned.map_or(now, |planned| planned.starts_at);
    let channel = campaign.channel;
    let mut members = resolved.members.iter().map(|no| (id, no)).peekable();
    while members.peek().is_some() {
        if !goes_on() {
            return Ok(None);
        }
        let of: Vec<_> = members.by_ref().take(PEOPLE).collect();
        let (profiles, recent, listed) = store.read(|tx| {
            let profiles: Vec<_> = tx.profiles(&of)?.into_iter().map(|(_, stored)| stored.profile).collect();
            let since = |profile| now.plus_ms(-reach_ms(workspace, profile));
            let keys: Vec<_> = profiles.iter().map(|profile| (id, profile.no, since(profile))).collect();
            let recent = tx.recent_marketing(&keys)?;
            let to = |profile| address_of(profile, channel).unwrap_or_default();
            let addresses: Vec<String> = profiles.iter().map(to).collect();
            let asked: Vec<_> = addresses.iter().map(|to| (id, channel.as_str(), to.as_str())).collect();
            let listed = tx.suppressions_of(&asked)?;
            Ok((profiles, recent, listed))
        })?;
        for ((profile, recent), listed) in profiles.iter().zip(recent).zip(listed) {
            let own_zone = zone_of(profile, &zone);
            let due_at = match planned.and_then(|planned| planned.local) {
                None => starts_at,
                Some(local) => {
                    let due_at = local_time_of(local, &own_zone);
                    if due_at < starts_at && campaign.schedule.late() == Late::Skip {
                        count(&mut checked.refused, "local_time_past", &|| profile.id.to_string());
                        continue;
                    }
                    due_at.max(starts_at)
                }
            };
            let recent = sent_of(recent);
            let suppression = listed.as_deref().map(suppression_of);
            let purpose = campaign.purpose;
            let topic = Some(campaign.topic.as_str()).filter(|topic| !topic.is_empty());
            let asked =
                Asked { topic, suppression, recent: &recent, ..Asked::of(channel, purpose, &own_zone) };
            match ask_gate(workspace, profile, &asked, due_at, due_at) {
                Decision::Refuse(reason) => {
                    count(&mut checked.refused, reason.code(), &|| profile.id.to_string());
                    continue;
                }
                Decision::Wait(_, reason) => {
                    count(&mut checked.delayed, reason.code(), &|| profile.id.to_string());
                }
                Decision::Send => checked.goes += 1,
            }
            if checked.rendered < RENDERED as u64
                && let Some(template) = template
            {
                checked.rendered += 1;
                let context = serde_json::json!({});
                let occasion = Occasion {
                    workspace,
                    insight: &insight,
                    message_no: 0,
                    channel: channel.as_str(),
                    purpose: campaign.purpose,
                    campaign: &template.template_id,
                    context: &context,
                    order: None,
                    now: due_at,
                    preview: false,
                };
                if let Err(failure) = composer.compose(template, profile, &occasion) {
                    checked.problems.push(Rendered {
                        profile_id: profile.id.to_string(),
                        code: failure.code().to_owned(),
                        detail: failure.detail(),
                    });
                }
            }
        }
        progress.done.fetch_add(of.len() as u64, Ordering::Relaxed);
    }
    Ok(Some(Ok(checked)))
}
