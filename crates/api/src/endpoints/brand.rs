//! How a shop's messages look, what they cost, and what the law wants in them.

use crate::audit::Audit;
use crate::caller::{Reader, Writer};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::State;
use domain::consent::Purpose;
use domain::settings::Settings;
use domain::template::blocks::Brand;
use domain::template::design::Design;
use engine::Draft;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::messages::TemplateRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find, put))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SocialLinkView {
    name: String,
    url: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BrandView {
    /// `/media/...` of the library, or an address.
    logo: String,
    logo_width: u16,
    primary: String,
    button_text: String,
    background: String,
    surface: String,
    text: String,
    muted: String,
    /// `system`, `arial`, `georgia`, `verdana`, `tahoma`, `times` or `trebuchet`.
    font: String,
    radius: u16,
    /// As in the register of companies.
    legal_name: String,
    tax_code: String,
    footer_note: String,
    social: Vec<SocialLinkView>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TextingView {
    /// One part of a text message where `prices` has none, in minor units; 0: not known.
    sms_part_price: i64,
    /// One Zalo message where `prices` has none, in minor units; 0: not known.
    zns_price: i64,
    /// How to stop advertisements, at the end of each text message.
    sms_opt_out: String,
    /// What becomes of the marks of Vietnamese in text messages: `keep` or `strip`.
    sms_marks: String,
    sms_parts_max: SmsPartsMax,
    prices: MessagePrices,
}

/// How many parts a text message has at most, from 1 to 4; a longer one is not sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SmsPartsMax {
    care: u8,
    advertising: u8,
}

/// What messages cost, all in minor units of the shop's currency; 0: not known.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MessagePrices {
    sms: SmsPrices,
    zns: ZnsPrices,
    /// A thousand e-mails.
    email_per_thousand: i64,
}

/// One part of a text message, by its class.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SmsPrices {
    care: SmsPartPrices,
    advertising: SmsPartPrices,
}

/// One part of a text message, by the network that the number was handed out by.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SmsPartPrices {
    /// For every network without a price of its own, and for other countries.
    any: i64,
    viettel: i64,
    vinaphone: i64,
    mobifone: i64,
    /// The other networks of Vietnam.
    other: i64,
}

/// One message by a template of Zalo.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ZnsPrices {
    transaction: i64,
    /// Requests of payment, and vouchers.
    payment: i64,
    /// What a picture adds.
    image: i64,
}

/// What is left out of the newer fields stays as it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TextingTold {
    /// One part of a text message where `prices` has none, in minor units; 0: not known.
    sms_part_price: i64,
    /// One Zalo message where `prices` has none, in minor units; 0: not known.
    zns_price: i64,
    /// How to stop advertisements, at the end of each text message.
    sms_opt_out: String,
    /// What becomes of the marks of Vietnamese in text messages: `keep` or `strip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_marks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_parts_max: Option<SmsPartsMax>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<MessagePrices>,
}

/// How messages look and what they cost.
#[derive(Debug, Serialize, ToSchema)]
struct MessageDesign {
    brand: BrandView,
    texting: TextingView,
    /// Of the settings: shown in every footer.
    shop_name: String,
    shop_address: String,
    /// Templates of blocks, which were written with a design.
    templates: usize,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DesignTold {
    brand: Option<BrandView>,
    texting: Option<TextingTold>,
    /// Gives the design to the templates of blocks that are there: each gets a new version.
    #[serde(default)]
    apply: bool,
}

fn of_blocks(rows: &[TemplateRow]) -> impl Iterator<Item = (&TemplateRow, Draft)> {
    rows.iter().filter_map(|row| {
        let draft: Draft = serde_json::from_str(&row.source).ok()?;
        matches!(draft.design, Some(Design::Blocks(_))).then_some((row, draft))
    })
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<Json<MessageDesign>> {
    let (row, templates) =
        services.read(move |tx| Ok((workspace_of(tx, workspace)?, tx.templates(workspace)?))).await?;
    let settings = row.settings;
    let read = |error: serde_json::Error| Problem::internal(&error.to_string());
    let brand = serde_json::to_value(&settings.brand).and_then(serde_json::from_value).map_err(read)?;
    let texting = serde_json::to_value(&settings.texting).and_then(serde_json::from_value).map_err(read)?;
    Ok(Json(MessageDesign {
        brand,
        texting,
        shop_name: settings.shop.name,
        shop_address: settings.shop.address,
        templates: of_blocks(&templates).count(),
    }))
}

/// Read the design of messages
#[utoipa::path(get, path = "/brand", tag = "templates", responses((status = 200, body = MessageDesign)))]
async fn find(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<MessageDesign>> {
    shown(&services, caller.workspace).await
}

/// Set the design of messages
///
/// Templates keep the design that they were saved with, unless `apply` is set.
#[utoipa::path(put, path = "/brand", tag = "templates", request_body = DesignTold, responses((status = 200, body = MessageDesign)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Told(told): Told<DesignTold>,
) -> Answer<Json<MessageDesign>> {
    let workspace = caller.workspace;
    let mut row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let before = row.settings.clone();
    let wrong = |error: serde_json::Error| Problem::field("brand", error.to_string());
    if let Some(brand) = told.brand {
        row.settings.brand = serde_json::to_value(brand).and_then(serde_json::from_value).map_err(wrong)?;
    }
    if let Some(texting) = told.texting {
        let mut whole = serde_json::to_value(&row.settings.texting).map_err(wrong)?;
        if let (Some(whole), serde_json::Value::Object(told)) =
            (whole.as_object_mut(), serde_json::to_value(texting).map_err(wrong)?)
        {
            whole.extend(told);
        }
        row.settings.texting = serde_json::from_value(whole).map_err(wrong)?;
    }
    let problems: Vec<_> = row
        .settings
        .problems()
        .into_iter()
        .filter(|problem| problem.path.starts_with("brand.") || problem.path.starts_with("texting."))
        .collect();
    if let Some(first) = problems.first() {
        let detail = format!("the design cannot be used: {}: {}", first.path, first.message);
        return Err(Problem::unusable("invalid_settings", detail).with_problems(problems));
    }
    let mut changes = Changeset::new();
    if row.settings != before {
        let parts =
            |settings: &Settings| serde_json::json!({ "brand": settings.brand, "texting": settings.texting });
        audit.difference(&parts(&before), &parts(&row.settings));
        changes.update_workspace(&row);
    }
    if told.apply {
        let brand = row.settings.brand.clone();
        let more = services.aside(move |services| applied(services, workspace, &brand)).await?;
        audit.detail("templates", more.len() / 2);
        changes.extend(more);
    }
    if !changes.is_empty() {
        services.configure(changes).await?;
    }
    shown(&services, workspace).await
}

/// New versions of the templates of blocks, where the design makes a difference.
fn applied(services: &Services, workspace: WorkspaceId, brand: &Brand) -> Answer<Changeset> {
    let rows = services.store.read(|tx| tx.templates(workspace))?;
    let mut changes = Changeset::new();
    for (row, mut draft) in of_blocks(&rows) {
        let Some(design) = &draft.design else { continue };
        let is_marketing = draft.purpose == Purpose::Marketing;
        let (subject, preheader, text) =
            (draft.source.subject.clone(), draft.source.preheader.clone(), draft.source.text.clone());
        draft.source = design.source(&subject, &preheader, text, brand, is_marketing);
        let source = serde_json::to_string(&draft).map_err(|error| Problem::internal(&error.to_string()))?;
        if source != row.source && draft.source.compile().is_ok() {
            let row = TemplateRow { source, updated_at: services.now(), ..row.clone() };
            changes.update_template(workspace, &row);
        }
    }
    Ok(changes)
}
