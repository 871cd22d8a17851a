//! The journeys and templates that the bench installs.

use crate::http::{Client, Key};
use crate::shop;
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The five active journeys of the standard world: the shop's three, and two that follow browsing and the profile.
pub fn standard() -> Result<Vec<Value>> {
    let mut journeys = shop::journeys()?;
    journeys.push(json!({
        "schema": 1,
        "name": "Xem nhiều mà chưa mua",
        "trigger": { "type": "event", "event": "Product Viewed" },
        "entry": { "reentry": "when_not_running", "cooldown": "30d" },
        "goal": { "event": "Order Completed" },
        "start": "days",
        "nodes": {
            "days": { "type": "delay", "for": "3d", "next": "often" },
            "often": {
                "type": "branch",
                "paths": [{ "when": { "seen": { "event": "Product Viewed", "at_least": 3 } }, "next": "mark" }],
                "otherwise": "end"
            },
            "mark": { "type": "add_tag", "tag": "browser", "next": "end" },
            "end": { "type": "exit", "reason": "done" }
        }
    }));
    journeys.push(json!({
        "schema": 1,
        "name": "Thanh toán dở dang",
        "trigger": { "type": "event", "event": "Checkout Started" },
        "entry": { "reentry": "when_not_running" },
        "start": "wait",
        "nodes": {
            "wait": {
                "type": "wait_for", "event": "Order Completed", "timeout": "1h",
                "on_event": "bought", "on_timeout": "note"
            },
            "note": { "type": "set_attribute", "name": "left_checkout", "value": true, "next": "bought" },
            "bought": { "type": "exit", "reason": "done" }
        }
    }));
    Ok(journeys)
}

/// One e-mail as soon as the event happens.
pub fn one_mail(event: &str, template: &str) -> Value {
    json!({
        "schema": 1,
        "name": format!("bench: {template}"),
        "trigger": { "type": "event", "event": event },
        "entry": { "reentry": "always", "max_runs_at_once": 20 },
        "start": "mail",
        "nodes": {
            "mail": { "type": "send", "channel": "email", "template": template, "purpose": "transactional" }
        }
    })
}

/// An attribute from the event, a branch on it, a delay until an instant that the event names, a tag, the end.
pub fn steps(event: &str) -> Value {
    json!({
        "schema": 1,
        "name": "bench: steps",
        "trigger": { "type": "event", "event": event },
        "entry": { "reentry": "always", "max_runs_at_once": 20 },
        "start": "due",
        "nodes": {
            "due": {
                "type": "set_attribute", "name": "bench_due_at", "value": { "from": "event.properties.due_at" },
                "next": "size"
            },
            "size": {
                "type": "set_attribute", "name": "bench_size", "value": { "from": "event.properties.size" },
                "next": "which"
            },
            "which": {
                "type": "branch",
                "paths": [
                    { "when": { "attribute": "bench_size", "op": "gt", "value": 60 }, "next": "large" },
                    { "when": { "attribute": "bench_size", "op": "gt", "value": 20 }, "next": "wait" }
                ],
                "otherwise": "wait"
            },
            "large": { "type": "add_tag", "tag": "bench-large", "next": "wait" },
            "wait": { "type": "delay", "until_attribute": "attributes.bench_due_at", "next": "done" },
            "done": { "type": "add_tag", "tag": "bench-done", "next": "end" },
            "end": { "type": "exit", "reason": "done" }
        }
    })
}

/// A mail with the cart in it: the shop's, with so much text added that the HTML has about 20 KB.
pub fn cart_mail() -> Result<Value> {
    let template = shop::templates()?.into_iter().find(|(key, _)| key == "cart_abandoned");
    let (_, mut document) = template.context("the shop has no cart template")?;
    let mjml = document["body"]["mjml"].as_str().context("the cart template is not MJML")?;
    let paragraph = "<mj-section><mj-column><mj-text>Lụa được dệt tay ở Vạn Phúc và may tại Hội An. Mỗi tấm có đường \
                     vân riêng, nên chiếc bạn chọn chỉ có một. Giặt tay bằng nước mát, phơi trong bóng râm, ủi mặt \
                     trái khi còn ẩm.</mj-text></mj-column></mj-section>";
    let longer = mjml.replacen("</mj-body>", &format!("{paragraph}</mj-body>"), 1);
    document["body"]["mjml"] = longer.into();
    document["name"] = "bench: cart".into();
    document["purpose"] = "transactional".into();
    Ok(document)
}

/// A short mail.
pub fn short_mail() -> Value {
    json!({
        "name": "bench: short", "channel": "email", "purpose": "transactional",
        "subject": "Chào {{ customer.given_name | default: 'bạn' }}",
        "body": { "mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>Xin chào {{ customer.name | default: 'bạn' }}\
                           </mj-text></mj-column></mj-section></mj-body></mjml>" },
    })
}

/// What a campaign sends: the shop's letter about silk, with the person's name, town and points in it.
pub fn campaign_mail() -> Result<Value> {
    let template = shop::templates()?.into_iter().find(|(key, _)| key == "silk_care");
    let (_, mut document) = template.context("the shop has no letter about silk")?;
    let mjml = document["body"]["mjml"].as_str().context("the letter is not MJML")?;
    let own = "<mj-section><mj-column><mj-text>{{ customer.given_name | default: 'Bạn' }} ở \
               {{ customer.city | default: 'xa' }} đang có {{ customer.points | default: 0 }} điểm.</mj-text>\
               </mj-column></mj-section>";
    let longer = mjml.replacen("</mj-body>", &format!("{own}</mj-body>"), 1);
    document["body"]["mjml"] = longer.into();
    document["name"] = "bench: campaign".into();
    document["purpose"] = "marketing".into();
    Ok(document)
}

/// The shop's templates, which its journeys name.
pub fn put_shop_templates(client: &mut Client, key: Key<'_>) -> Result<()> {
    for (template, document) in shop::templates()? {
        let id = template.replace('_', "-");
        client.call("PUT", &format!("/api/v1/templates/{id}"), key, Some(&document))?;
    }
    Ok(())
}

/// Journeys that are active until [`Active::archive`].
pub struct Active(Vec<String>);

/// Makes and publishes journeys.
pub fn publish(client: &mut Client, key: Key<'_>, definitions: &[Value]) -> Result<Active> {
    let mut ids = Vec::new();
    for definition in definitions {
        let made = client.call("POST", "/api/v1/journeys", key, Some(definition))?;
        let id = made["id"].as_str().context("a journey without id")?.to_owned();
        client.call("POST", &format!("/api/v1/journeys/{id}/publish"), key, None)?;
        ids.push(id);
    }
    Ok(Active(ids))
}

impl Active {
    pub fn archive(self, client: &mut Client, key: Key<'_>) -> Result<()> {
        for id in self.0 {
            client.call("POST", &format!("/api/v1/journeys/{id}/archive"), key, None)?;
        }
        Ok(())
    }
}
