//! The demo shop's campaigns: one that goes out once the history is in, and one that goes every week.

use super::DEFAULT_WORKSPACE;
use crate::runtime::Shared;
use anyhow::{Context, Result};
use domain::campaign::Campaign;
use domain::profile::Ms;
use domain::template::design::Design;
use engine::{Draft, Note, Response, derived_id};
use kit::{Rng, SECOND_MS, Timestamp};
use scenarios::Language;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use store::campaigns::CampaignRow;
use store::messages::TemplateRow;
use store::{Changeset, Store};

/// Pieces of the gallery that the campaigns send.
const ARRIVALS: &str = "new-arrivals";
const SALE: &str = "flash-sale";
/// Of a hundred who got it.
const OPEN: u64 = 41;
const CLICK: u64 = 9;
/// The longest time between a letter and its reading.
const READ_WITHIN_MS: u64 = 900 * SECOND_MS.unsigned_abs();
/// Pages of messages that are looked at in one beat.
const PAGES: usize = 20;
const PAGE: i64 = 200;

fn id_of(kind: &str, word: &str) -> String {
    derived_id(&["demo", kind, word]).to_string()
}

/// Makes both and lets them go.
pub(super) fn launch(store: &Store, segment: &str, now: Timestamp) -> Result<()> {
    let brand = store
        .read(|tx| tx.workspaces())?
        .into_iter()
        .find(|one| one.workspace == DEFAULT_WORKSPACE)
        .context("the demo has no workspace")?
        .settings
        .brand;
    let mut changes = Changeset::new();
    for word in [ARRIVALS, SALE] {
        let piece = scenarios::gallery::piece(word).with_context(|| format!("the gallery lacks {word}"))?;
        let told = piece.template(Language::Vi);
        let design = Design::Blocks(serde_json::from_value(told["body"]["source"].clone())?);
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        let source = design.source(&text("subject"), &text("preheader"), None, &brand, true);
        let mut draft = serde_json::to_value(&source)?;
        draft["purpose"] = json!("marketing");
        draft["design"] = serde_json::to_value(&design)?;
        let draft: Draft = serde_json::from_value(draft)?;
        let row = TemplateRow {
            template_id: id_of("template", word),
            name: text("name"),
            channel: "email".into(),
            version: 1,
            created_at: now,
            updated_at: now,
            source: serde_json::to_string(&draft)?,
        };
        changes.insert_template(DEFAULT_WORKSPACE, &row);
    }
    let campaigns = [
        (
            ARRIVALS,
            json!({
                "name": "Hàng mới cho khách lâu chưa ghé",
                "audience": { "segments": [segment] },
                "template": id_of("template", ARRIVALS),
            }),
        ),
        (
            SALE,
            json!({
                "name": "Bản tin thứ Sáu",
                "audience": { "everybody": true },
                "exclude": { "got_campaign_within_days": 2 },
                "template": id_of("template", SALE),
                "schedule": { "type": "recurring", "every": "week", "weekdays": ["fri"], "time": "09:00" },
            }),
        ),
    ];
    for (word, told) in &campaigns {
        changes.insert_campaign(DEFAULT_WORKSPACE, row_of(word, told, now)?);
    }
    engine::configure(store, changes)?;
    for (word, _) in &campaigns {
        engine::campaigns::launch(store, DEFAULT_WORKSPACE, &id_of("campaign", word), now)?
            .map_err(|refused| anyhow::anyhow!("the campaign {word}: {refused:?}"))?;
    }
    Ok(())
}

fn row_of(word: &str, told: &Value, now: Timestamp) -> Result<CampaignRow> {
    let campaign: Campaign = serde_json::from_value(told.clone())?;
    Ok(CampaignRow {
        campaign_id: id_of("campaign", word),
        name: campaign.name.clone(),
        state: "draft".into(),
        detail: String::new(),
        channel: campaign.channel.to_string(),
        definition: serde_json::to_string(&campaign)?,
        run_no: 0,
        next_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        created_by: "demo".into(),
        archived_at: None,
    })
}

/// Made-up people read the campaigns' letters, some at once and some later.
#[derive(Default)]
pub(super) struct Readers {
    /// The last message that somebody got.
    up_to: i64,
    due: VecDeque<(Timestamp, i64, Response)>,
}

impl Readers {
    pub(super) fn new(up_to: i64) -> Readers {
        Readers { up_to, due: VecDeque::new() }
    }

    pub(super) fn step(&mut self, shared: &Arc<Shared>, store: &Store, now: Timestamp) -> Result<()> {
        let ours = [id_of("template", ARRIVALS), id_of("template", SALE)];
        let (mut before, mut last) = (i64::MAX, self.up_to);
        for _ in 0..PAGES {
            let page =
                store.read(|tx| tx.message_page(DEFAULT_WORKSPACE, before, PAGE, "accepted", "email", ""))?;
            let fresh: Vec<_> = page.iter().take_while(|message| message.message_no > self.up_to).collect();
            for message in &fresh {
                last = last.max(message.message_no);
                if message.template_id.as_ref().is_some_and(|id| ours.contains(id)) {
                    self.arrived(message.message_no, now);
                }
            }
            match fresh.last() {
                Some(oldest) if fresh.len() as i64 == PAGE => before = oldest.message_no,
                _ => break,
            }
        }
        self.up_to = last;
        let mut later = VecDeque::new();
        for (at, message_no, response) in self.due.drain(..) {
            if at > now {
                later.push_back((at, message_no, response));
                continue;
            }
            let note = Note::Response { message_no, response, at: Ms(now), machine: None, url: None };
            drop(shared.door.note(DEFAULT_WORKSPACE, &note, now));
        }
        self.due = later;
        Ok(())
    }

    fn arrived(&mut self, message_no: i64, now: Timestamp) {
        let mut chance = Rng::seeded(message_no.unsigned_abs() ^ 0x0A17);
        let share = chance.below(100);
        // Most read soon, few late.
        let wait = (chance.below(READ_WITHIN_MS) * chance.below(READ_WITHIN_MS)) / READ_WITHIN_MS;
        let at = now.plus_ms(i64::try_from(wait).unwrap_or(0));
        if share < OPEN {
            self.due.push_back((at, message_no, Response::Opened));
        }
        if share < CLICK {
            self.due.push_back((at.plus_ms(20 * SECOND_MS), message_no, Response::Clicked));
        }
    }
}
