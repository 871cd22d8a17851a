//! Makes the words of a message from its template and what is known of the person.

use crate::facts::{ProfileFacts, zone_of};
use crate::habits::past_of;
use crate::insight::Insight;
use crate::shelf::{Pick, Question, Shelves, shown};
use crate::token::{Link, TokenKey};
use domain::commerce::{CartLine, Order};
use domain::condition::NO_PAST;
use domain::consent::Purpose;
use domain::habits::is_habit;
use domain::journey::Facts;
use domain::profile::Profile;
use domain::sms::Marks;
use domain::template::design::Design;
use domain::template::{CompiledTemplate, Footer, RenderError, RenderOptions, TemplateSource, Utm};
use kit::{Currency, Money, Timestamp, WorkspaceId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::access::Workspace;
use store::messages::{Body, TemplateRow};
use store::{ReadTx, Store, StoreError};

/// A template as the shop stores it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What it is for, unless the journey says otherwise.
    #[serde(default = "marketing")]
    pub purpose: Purpose,
    #[serde(flatten)]
    pub source: TemplateSource,
    /// What of the shop's topics it is about, unless the journey or the campaign says otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// What becomes of the marks of a text message, unless the shop's own choice is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms_marks: Option<Marks>,
    /// What the editor keeps; the source was made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<Design>,
}

fn marketing() -> Purpose {
    Purpose::Marketing
}

/// Why a message could not be made.
#[derive(Clone, Debug, PartialEq)]
pub enum RenderFailure {
    TemplateMissing,
    /// The template does not compile; it was stored by an older version.
    TemplateBroken(String),
    /// A value without default is not there: the message is not sent.
    Missing(Vec<String>),
    Stopped(String),
}

impl RenderFailure {
    pub fn code(&self) -> &'static str {
        match self {
            RenderFailure::TemplateMissing => "template_missing",
            RenderFailure::TemplateBroken(_) => "template_broken",
            RenderFailure::Missing(_) => "value_missing",
            RenderFailure::Stopped(_) => "render_stopped",
        }
    }

    pub fn detail(&self) -> String {
        match self {
            RenderFailure::TemplateMissing => "no template of this name".into(),
            RenderFailure::TemplateBroken(why) | RenderFailure::Stopped(why) => why.clone(),
            RenderFailure::Missing(variables) => format!("no value for {}", variables.join(", ")),
        }
    }
}

/// The words of one message, and the paths of its public links.
#[derive(Clone, Debug, PartialEq)]
pub struct Composed {
    pub body: Body,
    pub preheader: String,
    /// Variables without a value; only in previews.
    pub missing: Vec<String>,
    pub unsubscribe_url: String,
}

/// What a message is made of, beside template and profile.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    pub workspace: &'a Workspace,
    /// What was learned of the shop.
    pub insight: &'a Insight,
    pub message_no: i64,
    pub channel: &'a str,
    pub purpose: Purpose,
    /// Named in the links' campaign parameter.
    pub campaign: &'a str,
    /// What the run knows: `event`, `awaited`.
    pub context: &'a Value,
    pub order: Option<&'a Order>,
    pub now: Timestamp,
    /// For previews: nothing is tracked and missing values are listed instead of refused.
    pub preview: bool,
}

/// A template that was compiled, or what is wrong with it.
type Prepared = Result<Arc<CompiledTemplate>, String>;

/// What is read of a stored template once.
pub(crate) struct Known {
    prepared: Prepared,
    /// What of the shop's topics it is about.
    topic: String,
    /// What a notification or a template of Zalo's was made with; of an e-mail nothing that is sent depends on it.
    pub design: Option<Design>,
    /// What becomes of the marks of a text message, where it says so itself.
    pub sms_marks: Option<Marks>,
}

/// Holds compiled templates and knows where links lead.
pub struct Composer {
    pub key: TokenKey,
    /// Without a slash at its end.
    pub base_url: String,
    /// What the shops recommend; without it templates show that there is nothing.
    shelves: Option<Arc<Shelves>>,
    /// Its occasions need not be now.
    imagines: bool,
    /// Where the past of people is read from, for templates that show their habits.
    pasts: Option<Arc<Store>>,
    compiled: BTreeMap<(WorkspaceId, String, i64), Arc<Known>>,
}

/// Products of one place that a template can show.
const RECOMMENDED_MAX: usize = 24;
/// Compiled templates that are kept; beyond it all are compiled anew.
const COMPILED_MAX: usize = 2_000;

fn amount(minor: i64, currency: Currency) -> Value {
    if currency.exponent() == 0 { json!(minor) } else { json!(Money { minor, currency }.to_f64()) }
}

fn line_of(line: &CartLine, currency: Currency) -> Value {
    json!({
        "id": line.product_id,
        "product_id": line.product_id,
        "variant": line.variant,
        "name": line.name.as_ref().unwrap_or(&line.product_id),
        "sku": line.sku,
        "category": line.category,
        "brand": line.brand,
        "price": amount(line.price, currency),
        "quantity": line.quantity,
        "line_total": amount(line.total(), currency),
        "url": line.url,
        "image_url": line.image_url,
    })
}

/// What a template sees of a person: see the reference at the top of [`domain::template`].
pub fn context_of(profile: &Profile, occasion: &Occasion<'_>, base_url: &str, key: &TokenKey) -> Value {
    let settings = &occasion.workspace.settings;
    let currency = settings.currency();
    let shop_zone = settings.zone();
    let zone = zone_of(profile, &shop_zone);
    let facts = ProfileFacts {
        profile,
        zone: &zone,
        now: occasion.now,
        currency,
        past: &NO_PAST,
        insight: occasion.insight,
        segments: None,
    };
    let mut customer = Map::new();
    for (name, attribute) in &profile.attributes {
        if !attribute.value.is_null() {
            customer.insert(name.clone(), attribute.value.clone());
        }
    }
    // The standard fields win over attributes of the same name.
    for name in ["id", "name", "given_name", "email", "phone", "lifecycle", "tags"] {
        match facts.value(name) {
            Some(value) => customer.insert(name.to_owned(), value),
            None => customer.remove(name),
        };
    }
    let orders: Map<String, Value> = ["count", "revenue", "average", "first_at", "last_at"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), facts.value(&format!("orders.{name}"))?)))
        .collect();
    customer.insert("orders".into(), Value::Object(orders));
    let shop_url = settings.shop.url.trim_end_matches('/');
    let cart = profile.cart().map(|cart| {
        let url = cart.url.clone().or_else(|| (!shop_url.is_empty()).then(|| format!("{shop_url}/cart")));
        json!({
            "id": cart.cart_id,
            "items": cart.lines.iter().map(|line| line_of(line, currency)).collect::<Vec<_>>(),
            "total": amount(cart.total(), currency),
            "quantity": cart.quantity(),
            "currency": cart.currency,
            "url": url,
            "buys_alone": facts.value("cart.buys_alone"),
            "best_delay_minutes": facts.value("cart.best_delay_minutes"),
        })
    });
    let event = occasion.context.get("event").cloned().unwrap_or(Value::Null);
    let told = event.get("properties").cloned().unwrap_or(Value::Null);
    let order = occasion.order.map(|order| {
        let currency = order.currency.parse().unwrap_or(currency);
        let money = |minor: Option<i64>| minor.map(|minor| amount(minor, currency));
        json!({
            "id": order.order_id,
            "number": order.order_id,
            "status": order.status(),
            "items": order.contents.lines.iter().map(|line| line_of(line, currency)).collect::<Vec<_>>(),
            "subtotal": money(order.contents.subtotal),
            "discount": money(order.contents.discount),
            "shipping": money(order.contents.shipping),
            "tax": money(order.contents.tax),
            "total": amount(order.contents.total.unwrap_or_else(|| order.gross()), currency),
            "refunded": amount(order.refunded(), currency),
            "currency": order.currency,
            "coupon": order.contents.coupon,
            "placed_at": order.placed_at.0.ms(),
            "url": told.get("url").or_else(|| told.get("order_url")).or_else(|| told.get("tracking_url")),
            "tracking_number": told.get("tracking_number"),
            "carrier": told.get("carrier"),
        })
    });
    let products = match told.get("products") {
        Some(Value::Array(products)) => products.clone(),
        _ if told.get("product_id").is_some() => vec![told.clone()],
        _ => Vec::new(),
    };
    let url = |link: Link| {
        format!("{base_url}{}", key.path(link, occasion.workspace.workspace, occasion.message_no))
    };
    let mut context = json!({
        "customer": customer,
        "event": event,
        "awaited": occasion.context.get("awaited"),
        "campaign": occasion.context.get("campaign"),
        "notice": occasion.context.get("notice"),
        "products": products,
        "shop": {
            "name": settings.shop.name,
            "url": settings.shop.url,
            "currency": settings.currency,
            "timezone": zone.name(),
            "address": settings.shop.address,
            "email": settings.shop.email,
            "phone": settings.shop.phone,
            "language": settings.language,
        },
        "unsubscribe_url": url(Link::Unsubscribe),
        "preferences_url": url(Link::Preferences),
        "confirm_url": url(Link::Confirm),
        "base_url": base_url,
        "view_url": url(Link::View),
    });
    for (name, value) in [("cart", cart), ("order", order)] {
        if let Some(value) = value {
            context[name] = value;
        }
    }
    context
}

/// The source and the id of the order that an event is about.
pub(crate) fn order_named(context: &Value) -> Option<(String, String)> {
    let properties = &context["event"]["properties"];
    let order_id = match properties.get("order_id").or_else(|| properties.get("orderId"))? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let source = properties.get("source").and_then(Value::as_str).unwrap_or("site").to_lowercase();
    Some((source, order_id))
}

/// The order that an event is about, read for its template.
pub fn order_of_context(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    context: &Value,
) -> Result<Option<Order>, StoreError> {
    let Some((source, order_id)) = order_named(context) else { return Ok(None) };
    let found = tx.orders_named(&[(workspace, &source, &order_id)])?;
    Ok(found.into_iter().flatten().next().map(|row| row.order))
}

impl Composer {
    pub fn new(key: TokenKey, base_url: &str) -> Composer {
        Composer {
            key,
            base_url: base_url.trim_end_matches('/').to_owned(),
            shelves: None,
            imagines: false,
            pasts: None,
            compiled: BTreeMap::new(),
        }
    }

    /// With what the shops recommend, chosen at the moment of sending.
    pub fn recommending(self, shelves: Arc<Shelves>) -> Composer {
        Composer { shelves: Some(shelves), ..self }
    }

    /// With the past of people, read where a template shows their habits.
    pub fn remembering(self, store: Arc<Store>) -> Composer {
        Composer { pasts: Some(store), ..self }
    }

    /// Puts what the template shows of the person's forecast and habits beside what it sees otherwise.
    fn remember(
        &self,
        context: &mut Value,
        compiled: &CompiledTemplate,
        profile: &Profile,
        occasion: &Occasion<'_>,
    ) {
        let is_foreseen = |variable: &String| {
            let field = variable.strip_prefix("customer.").and_then(|rest| rest.split('.').next());
            matches!(field, Some("predicted" | "rfm"))
        };
        if compiled.variables().iter().any(is_foreseen) {
            let currency = occasion.workspace.settings.currency();
            let (predicted, rfm) = occasion.insight.all_foreseen(profile, currency, occasion.now);
            context["customer"]["predicted"] = Value::Object(predicted);
            context["customer"]["rfm"] = Value::Object(rfm);
        }
        let is_lead = |variable: &String| variable.split('.').take(2).eq(["customer", "lead"]);
        if let Some(store) = self.pasts.as_ref().filter(|_| compiled.variables().iter().any(is_lead)) {
            let (id, insight, now) = (occasion.workspace.workspace, occasion.insight, occasion.now);
            match store.read(|tx| crate::leads::past_of(tx, id, insight, profile.no, now)) {
                Ok(past) => {
                    let settings = &occasion.workspace.settings;
                    context["customer"]["lead"] =
                        crate::leads::with_facts(insight, settings, profile, &past, now, |facts| {
                            crate::leads::shown(facts, now)
                        });
                }
                Err(error) => tracing::warn!(%error, "a score cannot be read now; messages are made without"),
            }
        }
        let is_asked = |variable: &String| variable.strip_prefix("customer.").is_some_and(is_habit);
        let Some(store) = self.pasts.as_ref().filter(|_| compiled.variables().iter().any(is_asked)) else {
            return;
        };
        let workspace = occasion.workspace;
        let past = match store.read(|tx| past_of(tx, workspace.workspace, profile.no)) {
            Ok(past) => past,
            Err(error) => {
                tracing::warn!(%error, "habits cannot be read now; messages are made without");
                return;
            }
        };
        let settings = &workspace.settings;
        let zone = zone_of(profile, &settings.zone());
        let facts = ProfileFacts {
            profile,
            zone: &zone,
            now: occasion.now,
            currency: settings.currency(),
            past: &past,
            insight: occasion.insight,
            segments: None,
        };
        for (name, value) in facts.habit_values() {
            context["customer"][name] = value;
        }
    }

    /// Makes messages of occasions that need not be now: rehearsals, checks ahead.
    pub fn imagining(self) -> Composer {
        Composer { imagines: true, ..self }
    }

    /// Puts what the template shows of recommendations beside what it sees otherwise: an empty list where there is
    /// nothing, so that its `else` is shown.
    fn recommend(
        &self,
        context: &mut Value,
        compiled: &CompiledTemplate,
        profile: Option<&Profile>,
        occasion: &Occasion<'_>,
    ) {
        let wanted = compiled.recommendations();
        if wanted.is_empty() {
            return;
        }
        let workspace = occasion.workspace.workspace;
        let settings = &occasion.workspace.settings;
        let id = |told: &Value| match told.get("product_id").or_else(|| told.get("id"))? {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        };
        let products: Vec<String> =
            context["products"].as_array().into_iter().flatten().filter_map(id).take(20).collect();
        let cart = profile.and_then(Profile::cart);
        let cart: Vec<String> =
            cart.into_iter().flat_map(|cart| &cart.lines).map(|line| line.product_id.clone()).collect();
        let mut told = Map::new();
        for named in wanted {
            let question = Question {
                customer: profile.filter(|profile| profile.may_be_profiled()).map(|profile| profile.no),
                products: &products,
                cart: &cart,
                limit: Some(RECOMMENDED_MAX),
                now: occasion.now,
                imagined: self.imagines,
            };
            let found = self.shelves.as_ref().map(|shelves| -> Result<Vec<Value>, StoreError> {
                let answer = shelves.ask(workspace, named, &question)?.unwrap_or_default();
                shelves.look_at(workspace, occasion.now, self.imagines, |shelf| {
                    let words = |pick: &Pick| shelf.words(&pick.reason, &settings.language);
                    let shown = |pick: &Pick| shown(pick, words(pick), settings.currency());
                    answer.picks.iter().map(shown).collect()
                })
            });
            let found = found.unwrap_or(Ok(Vec::new())).unwrap_or_else(|error| {
                tracing::warn!(%error, "nothing can be recommended now; messages go without");
                Vec::new()
            });
            told.insert(named.to_owned(), Value::Array(found));
        }
        context["recommendations"] = Value::Object(told);
    }

    /// Where the links of a workspace's messages lead.
    pub fn base_url<'a>(&'a self, workspace: &'a Workspace) -> &'a str {
        let own = workspace.settings.public_url.trim_end_matches('/');
        if own.is_empty() { &self.base_url } else { own }
    }

    /// A stored template as it is used, read once.
    pub(crate) fn known(&mut self, workspace: WorkspaceId, template: &TemplateRow) -> Arc<Known> {
        let key = (workspace, template.template_id.clone(), template.version);
        if let Some(known) = self.compiled.get(&key) {
            return Arc::clone(known);
        }
        let mut known =
            Known { prepared: Err(String::new()), topic: String::new(), design: None, sms_marks: None };
        known.prepared = serde_json::from_str::<Draft>(&template.source)
            .map_err(|error| error.to_string())
            .and_then(|draft| {
                known.topic = draft.topic;
                known.sms_marks = draft.sms_marks;
                known.design = draft.design.filter(|design| !matches!(design, Design::Blocks(_)));
                let told = |problems: Vec<domain::template::TemplateProblem>| {
                    problems.first().map_or_else(String::new, ToString::to_string)
                };
                draft.source.compile().map(Arc::new).map_err(told)
            });
        if self.compiled.len() >= COMPILED_MAX {
            self.compiled.clear();
        }
        let known = Arc::new(known);
        self.compiled.insert(key, Arc::clone(&known));
        known
    }

    /// What of the shop's topics a template is about.
    pub fn topic(&mut self, workspace: WorkspaceId, template: &TemplateRow) -> Option<String> {
        let known = self.known(workspace, template);
        // A template that does not compile is refused for that.
        known.prepared.as_ref().ok()?;
        Some(known.topic.clone()).filter(|topic| !topic.is_empty())
    }

    /// Makes one message from a stored template.
    pub fn compose(
        &mut self,
        template: &TemplateRow,
        profile: &Profile,
        occasion: &Occasion<'_>,
    ) -> Result<Composed, RenderFailure> {
        let workspace = occasion.workspace.workspace;
        let known = self.known(workspace, template);
        let compiled = known.prepared.clone().map_err(RenderFailure::TemplateBroken)?;
        self.compose_with(&compiled, profile, occasion)
    }

    /// Makes one message from a template that was compiled elsewhere, such as a draft.
    pub fn compose_with(
        &self,
        compiled: &CompiledTemplate,
        profile: &Profile,
        occasion: &Occasion<'_>,
    ) -> Result<Composed, RenderFailure> {
        let base_url = self.base_url(occasion.workspace).to_owned();
        let mut context = context_of(profile, occasion, &base_url, &self.key);
        self.remember(&mut context, compiled, profile, occasion);
        self.recommend(&mut context, compiled, Some(profile), occasion);
        self.compose_in(compiled, &context, occasion)
    }

    /// What a template sees of a person.
    pub fn values(&self, profile: &Profile, occasion: &Occasion<'_>) -> Value {
        context_of(profile, occasion, self.base_url(occasion.workspace), &self.key)
    }

    /// As [`Composer::values`], with what this template shows of recommendations.
    pub fn values_for(
        &self,
        compiled: &CompiledTemplate,
        profile: &Profile,
        occasion: &Occasion<'_>,
    ) -> Value {
        let mut values = self.values(profile, occasion);
        self.remember(&mut values, compiled, profile, occasion);
        self.recommend(&mut values, compiled, Some(profile), occasion);
        values
    }

    /// Makes one message with values of the caller's own, such as those of somebody who never was. The shape is that
    /// of [`context_of`].
    pub fn compose_in(
        &self,
        compiled: &CompiledTemplate,
        context: &Value,
        occasion: &Occasion<'_>,
    ) -> Result<Composed, RenderFailure> {
        let workspace = occasion.workspace;
        let base_url = self.base_url(workspace).to_owned();
        let path = |link: Link| self.key.path(link, workspace.workspace, occasion.message_no);
        let unsubscribe_url = format!("{base_url}{}", path(Link::Unsubscribe));
        let rewrite = |index: usize, _: &str| format!("{base_url}{}", path(Link::Click(index as u32)));
        let is_email = occasion.channel == "email";
        let tracked = !occasion.preview;
        let utm_source = &workspace.settings.utm_source;
        // A campaign may name parameters of its own.
        let told = |part: &str| occasion.context["utm"][part].as_str().map(str::to_owned);
        let options = RenderOptions {
            utm: (!utm_source.is_empty() || told("source").is_some()).then(|| Utm {
                source: told("source").or_else(|| Some(utm_source.clone())),
                medium: told("medium").or_else(|| Some(occasion.channel.to_owned())),
                campaign: told("campaign").or_else(|| Some(occasion.campaign.to_owned())),
                content: told("content"),
                term: told("term"),
            }),
            rewrite_link: if tracked { Some(&rewrite) } else { None },
            open_pixel_url: (tracked && is_email).then(|| format!("{base_url}{}", path(Link::Open))),
            footer: self.footer(compiled, occasion, &unsubscribe_url, &base_url),
            now: Some(occasion.now),
            allow_missing: occasion.preview,
            ..RenderOptions::default()
        };
        let mut own;
        let context = if compiled.recommendations().is_empty() || context.get("recommendations").is_some() {
            context
        } else {
            own = context.clone();
            self.recommend(&mut own, compiled, None, occasion);
            &own
        };
        let rendered = compiled.render(context, &options).map_err(|error| match error {
            RenderError::Missing { variables } => RenderFailure::Missing(variables),
            RenderError::Stopped(problem) => RenderFailure::Stopped(problem.to_string()),
        })?;
        Ok(Composed {
            body: Body {
                subject: rendered.subject,
                html: rendered.html,
                text: Some(rendered.text),
                links: rendered.links,
            },
            preheader: rendered.preheader,
            missing: rendered.missing,
            unsubscribe_url,
        })
    }

    /// Fills in a text of a journey itself, such as a notice to staff: subject and body, without links of ours. With
    /// `occasion.preview` a missing value prints nothing, else it is refused.
    pub fn fill_in(
        &self,
        subject: &str,
        text: &str,
        profile: &Profile,
        occasion: &Occasion<'_>,
    ) -> Result<(String, String), RenderFailure> {
        let source = TemplateSource {
            subject: subject.to_owned(),
            body: domain::template::Body::Text(text.to_owned()),
            ..TemplateSource::default()
        };
        let compiled = source.compile().map_err(|problems| {
            RenderFailure::TemplateBroken(problems.first().map_or_else(String::new, ToString::to_string))
        })?;
        let base_url = self.base_url(occasion.workspace).to_owned();
        let mut context = context_of(profile, occasion, &base_url, &self.key);
        self.remember(&mut context, &compiled, profile, occasion);
        self.recommend(&mut context, &compiled, Some(profile), occasion);
        let options = RenderOptions {
            now: Some(occasion.now),
            allow_missing: occasion.preview,
            ..RenderOptions::default()
        };
        let rendered = compiled.render(&context, &options).map_err(|error| match error {
            RenderError::Missing { variables } => RenderFailure::Missing(variables),
            RenderError::Stopped(problem) => RenderFailure::Stopped(problem.to_string()),
        })?;
        Ok((rendered.subject, rendered.text))
    }

    /// What the law wants at the end of an advertisement whose author left it out: who sends it, from where, and
    /// the way out; and for machines that click everything a link that no person sees.
    fn footer(
        &self,
        compiled: &CompiledTemplate,
        occasion: &Occasion<'_>,
        unsubscribe_url: &str,
        base_url: &str,
    ) -> Option<Footer> {
        if occasion.channel != "email" || occasion.purpose != Purpose::Marketing {
            return None;
        }
        let settings = &occasion.workspace.settings;
        let mut footer = Footer::default();
        if !compiled.uses_unsubscribe_link() {
            let stop = if settings.language == "vi" { "Ngừng nhận thư" } else { "Unsubscribe" };
            let who = [settings.shop.name.as_str(), settings.shop.address.as_str()];
            let who = who.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
            footer.html = format!(
                "<p style=\"font:12px/1.6 sans-serif;color:#6b6b6b;text-align:center\">{}<br>\
                 <a href=\"{unsubscribe_url}\" style=\"color:#6b6b6b\">{stop}</a></p>",
                escaped(&who)
            );
            footer.text = format!("\n--\n{who}\n{stop}: {unsubscribe_url}\n");
        }
        if !occasion.preview {
            let trap = self.key.path(Link::Honeypot, occasion.workspace.workspace, occasion.message_no);
            footer.html.push_str(&format!(
                "<a href=\"{base_url}{trap}\" tabindex=\"-1\" aria-hidden=\"true\" style=\"display:none\"></a>"
            ));
        }
        Some(footer)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
