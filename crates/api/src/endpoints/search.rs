//! One search over everything that has a name: customers, segments, journeys, campaigns, templates, lists.

use crate::caller::Reader;
use crate::endpoints::profiles::by_identifier;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::State;
use domain::identifier::{Identifier, IdentifierKind};
use domain::normalise::text::search_key;
use domain::profile::Profile;
use domain::roles::Permission;
use kit::{Id, ProfileNo, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const QUERY_BYTES_MAX: usize = 100;
/// Of one kind.
const FOUND_MAX: usize = 6;
/// The newest customers are looked through first, alone; the others at once in so many parts.
const NEWEST: i64 = 100_000;
const PARTS: i64 = 3;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(search))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Part of a name, a phone number, an e-mail address or an id; tone marks do not matter. At most 100 bytes.
    q: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SearchAnswer {
    /// The best of each kind, up to 6, kinds in a fixed order.
    items: Vec<SearchItem>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct SearchItem {
    /// `customer`, `segment`, `journey`, `campaign`, `template` or `list`.
    kind: String,
    id: String,
    title: String,
    /// Of customers an address; of others a description or the channel.
    subtitle: String,
    /// Of journeys, campaigns and segments.
    state: Option<String>,
    /// Where it is in the web app, below `/app`.
    link: String,
}

/// Search everything
///
/// What the caller may not see is not found.
#[utoipa::path(get, path = "/search", tag = "workspace", params(SearchQuery), responses((status = 200, body = SearchAnswer)))]
async fn search(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<SearchQuery>,
) -> Answer<Json<SearchAnswer>> {
    if query.q.len() > QUERY_BYTES_MAX {
        return Err(Problem::field("q", format!("at most {QUERY_BYTES_MAX} bytes")));
    }
    let key = search_key(&query.q);
    if key.is_empty() {
        return Ok(Json(SearchAnswer { items: Vec::new() }));
    }
    let workspace = caller.workspace;
    let mut items = Vec::new();
    if caller.needs(Permission::ReadPeople).is_ok() && key.chars().count() >= 2 {
        items.extend(customers(&services, workspace, &query.q, &key).await?);
    }
    if caller.needs(Permission::ReadSetup).is_ok() {
        items.extend(services.read(move |tx| named(tx, workspace, &key)).await?);
    }
    Ok(Json(SearchAnswer { items }))
}

/// What a customer may be named by exactly.
fn identifiers(text: &str) -> Vec<Identifier> {
    let text = text.trim();
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
    let is_phone =
        bare.len() >= 8 && bare.strip_prefix('+').unwrap_or(&bare).bytes().all(|b| b.is_ascii_digit());
    let told = [
        text.contains('@').then(|| format!("email:{text}")),
        is_phone.then(|| format!("phone:{bare}")),
        Some(format!("user_id:{text}")),
    ];
    told.into_iter().flatten().filter_map(|told| told.parse().ok()).collect()
}

fn shown(profile: &Profile) -> SearchItem {
    let of = |kind: IdentifierKind| {
        profile
            .identifiers
            .iter()
            .find(|known| known.identifier.kind == kind)
            .map(|known| known.identifier.value.clone())
    };
    let addresses: Vec<String> =
        [of(IdentifierKind::Email), of(IdentifierKind::Phone)].into_iter().flatten().collect();
    let id = profile.id.to_string();
    SearchItem {
        kind: "customer".into(),
        title: profile.full_name().or_else(|| addresses.first().cloned()).unwrap_or_default(),
        subtitle: addresses.join(" · "),
        state: None,
        link: format!("/customers/{id}"),
        id,
    }
}

async fn customers(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    told: &str,
    key: &str,
) -> Answer<Vec<SearchItem>> {
    let exact = identifiers(told);
    let id = told.trim().to_ascii_uppercase();
    let (found, last) = services
        .read(move |tx| {
            let mut found: Vec<SearchItem> = Vec::new();
            if let Ok(id) = id.parse::<Id>()
                && let Some(stored) = tx.profile_by_id(workspace, id)?
            {
                found.push(shown(&stored.profile));
            }
            for identifier in &exact {
                if let Some(stored) = by_identifier(tx, workspace, identifier)? {
                    found.push(shown(&stored.profile));
                }
            }
            Ok((found, tx.last_profile_no(workspace)?))
        })
        .await?;
    if !found.is_empty() {
        return Ok(found);
    }
    // A number as people write it has spaces and dots.
    let bare: String = key.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let key = if bare.len() >= 4 && bare.bytes().all(|b| b.is_ascii_digit() || b == b'+') {
        bare
    } else {
        key.to_owned()
    };
    let newest = last.0.saturating_sub(NEWEST).max(0);
    let mut numbers = scan(services, workspace, (newest, last.0), &key).await?;
    if numbers.len() < FOUND_MAX && newest > 0 {
        let step = newest / PARTS + 1;
        let parts = (0..PARTS).map(|part| (newest - step * (part + 1), newest - step * part));
        let scans = parts.map(|(from, to)| scan(services, workspace, (from.max(0), to.max(0)), &key));
        for found in futures_util::future::join_all(scans).await {
            numbers.extend(found?);
        }
    }
    numbers.truncate(FOUND_MAX);
    let of: Vec<(WorkspaceId, ProfileNo)> = numbers.into_iter().map(|no| (workspace, no)).collect();
    let rows = services.read(move |tx| tx.profiles(&of)).await?;
    let mut profiles: Vec<Profile> = rows.into_iter().map(|(_, stored)| stored.profile).collect();
    profiles.sort_by_key(|profile| std::cmp::Reverse(profile.no));
    Ok(profiles.iter().map(shown).collect())
}

async fn scan(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    range: (i64, i64),
    key: &str,
) -> Answer<Vec<ProfileNo>> {
    let key = key.to_owned();
    let limit = FOUND_MAX as i64;
    services
        .read(move |tx| tx.search_range(workspace, ProfileNo(range.0), ProfileNo(range.1), &key, limit))
        .await
}

/// How well a name fits, the lower the better: begins with it, has a word that does, holds it, holds all its words.
fn fit(name: &str, key: &str) -> Option<u8> {
    let name = search_key(name);
    if name.starts_with(key) {
        return Some(0);
    }
    if name.contains(&format!(" {key}")) {
        return Some(1);
    }
    if name.contains(key) {
        return Some(2);
    }
    key.split(' ').all(|word| name.contains(word)).then_some(3)
}

fn named(tx: &mut ReadTx<'_>, workspace: WorkspaceId, key: &str) -> Result<Vec<SearchItem>, StoreError> {
    let mut all = Vec::new();
    let mut add = |mut some: Vec<(u8, SearchItem)>| {
        some.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.title.cmp(&b.1.title)));
        all.extend(some.into_iter().take(FOUND_MAX).map(|(_, item)| item));
    };
    let item =
        |kind: &str, id: String, title: String, subtitle: String, state: Option<String>, link: String| {
            SearchItem { kind: kind.into(), id, title, subtitle, state, link }
        };
    let journeys = tx.journeys(workspace)?.into_iter().filter_map(|row| {
        let fit = fit(&row.name, key).or_else(|| (row.journey_id == key).then_some(0))?;
        let link = format!("/journeys/{}", row.journey_id);
        Some((fit, item("journey", row.journey_id, row.name, String::new(), Some(row.status), link)))
    });
    add(journeys.collect());
    let campaigns = tx.find_campaigns(workspace, key, 50)?.into_iter().map(|row| {
        let fit = fit(&row.name, key).unwrap_or(3);
        let link = format!("/campaigns/{}", row.campaign_id);
        (fit, item("campaign", row.campaign_id, row.name, row.channel, Some(row.state), link))
    });
    add(campaigns.collect());
    let segments = tx.segments(workspace)?.into_iter().filter(|row| row.state != "archived");
    let segments = segments.filter_map(|row| {
        let fit = fit(&row.name, key)?;
        let link = format!("/segments/{}", row.segment_id);
        Some((fit, item("segment", row.segment_id, row.name, row.description, Some(row.state), link)))
    });
    add(segments.collect());
    let lists = tx.lists(workspace)?.into_iter().filter_map(|row| {
        let fit = fit(&row.name, key)?;
        let link = format!("/lists/{}", row.list_id);
        Some((fit, item("list", row.list_id, row.name, row.description, None, link)))
    });
    add(lists.collect());
    let templates = tx.templates(workspace)?.into_iter().filter_map(|row| {
        let fit = fit(&row.name, key)?;
        let link = format!("/content/{}", row.template_id);
        Some((fit, item("template", row.template_id, row.name, row.channel, None, link)))
    });
    add(templates.collect());
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_without_marks_and_by_their_words() {
        let check = |name: &str, told: &str, expect: Option<u8>| {
            assert_eq!(fit(name, &search_key(told)), expect, "{name} {told}");
        };
        check("Giỏ hàng bỏ quên", "gio hang", Some(0));
        check("Giỏ hàng bỏ quên", "bỏ quên", Some(1));
        check("Giỏ hàng bỏ quên", "uên", Some(2));
        check("Giỏ hàng bỏ quên", "quen gio", Some(3));
        check("Giỏ hàng bỏ quên", "sinh nhật", None);
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        let keys = |told: &str| identifiers(told).iter().map(|one| one.kind.to_string()).collect::<Vec<_>>();
        assert_eq!(keys("0901 234.567"), ["phone", "user_id"]);
        assert_eq!(keys("an@shop.vn"), ["email", "user_id"]);
        assert_eq!(keys("an"), ["user_id"]);
    }
}
