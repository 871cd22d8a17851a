//! The OpenAPI document, made from the same declarations as the routes.

use crate::endpoints;
use crate::problem::ProblemDocument;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

const DESCRIPTION: &str = "\
Everything that Quaylai can do for one workspace, which follows from the key.

**Access.** `Authorization: Bearer qs_...` with a secret key. Its scopes: `read` sees everything; `write` changes \
profiles, orders, products, journeys and templates; `send` sends messages, publishes and triggers journeys; `admin` \
changes keys, channels, settings and staff, and handles what people ask about their data. A key without scopes may do \
all of it. A write key (`qw_...`) may send events to \
`/v1` only, which is the HTTP API of Segment.

**Writes about people** go through the same inbox as events and are answered when they have taken effect; when the \
engine is more than ten seconds behind, the answer is 202 with the code `accepted_for_later`: the write is stored and \
will take effect.

**Idempotency.** A POST with the header `Idempotency-Key` happens once: the same request within 24 hours gets the \
answer of the first.

**Lists** are pages of `limit` items (50, at most 500); `next` is the `cursor` of the next page, null at the end.

**Money** is an integer in the minor unit of its currency (199000 is 199.000 ₫; 1250 with USD is $12.50).

**Instants** are ISO 8601 in UTC.

**Errors** are `application/problem+json` (RFC 9457) with a stable `code` and a `detail` that says what to do.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Quaylai", description = DESCRIPTION, license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(ProblemDocument)),
    tags(
        (name = "profiles", description = "Who the customers are, and all that is known of them."),
        (name = "events", description = "What happened, and what could not be taken in."),
        (name = "commerce", description = "Orders and products."),
        (name = "journeys", description = "Journeys, their versions and runs. docs/journeys.md is the grammar of definitions."),
        (name = "segments", description = "Groups of profiles by what they are and did, live; lists. docs/segments.md is the grammar of definitions."),
        (name = "media", description = "Pictures for messages."),
        (name = "catalog", description = "What the shop's data speaks of: events, properties, attributes, values."),
        (name = "campaigns", description = "Broadcasts: once, at a time, or again and again. docs/campaigns.md is the grammar."),
        (name = "templates", description = "What messages say: Liquid in MJML, HTML or text."),
        (name = "messages", description = "The ledger: a row a decision, with its reason."),
        (name = "channels", description = "How messages travel."),
        (name = "webhooks", description = "Where the shop's own systems are told what happens, and what was delivered there."),
        (name = "reports", description = "How the shop does, and what needs attention."),
        (name = "workspace", description = "Settings, keys, suppressions, status, retention."),
        (name = "staff", description = "The shop's own people: accounts, roles, invitations, sessions, the audit log."),
        (name = "privacy", description = "What people ask about their own data: handed out, erased, restricted."),
    ),
    modifiers(&Finish),
    security(("key" = [])),
)]
struct Described;

struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A secret key."));
        components.add_security_scheme("key", SecurityScheme::Http(bearer.build()));
    }
}

/// The document without paths; the router adds them.
pub(crate) fn base() -> OpenApi {
    let mut document = Described::openapi();
    document.info.version = "1".into();
    document
}

/// Gives every operation a name of its own, and says of it what its answers mean and what errors look like.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    let problem = || {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
        RefOr::T(
            ResponseBuilder::new()
                .description("An error: see its code and detail")
                .content("application/problem+json", content)
                .build(),
        )
    };
    for (path, item) in &mut document.paths.paths {
        let operations: [(&str, &mut Option<Operation>); 5] = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(operation_id(method, path));
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    response.description = meaning(status).into();
                }
            }
            operation.responses.responses.insert("default".into(), problem());
        }
    }
    document
}

fn meaning(status: &str) -> &'static str {
    match status {
        "201" => "Made",
        "202" => "Taken in",
        "204" => "Done; there is nothing to show",
        _ => "Done",
    }
}

/// `get_profiles_id_orders` for `GET /api/v1/profiles/{id}/orders`: what a generated client names its function.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words.skip(2)).collect::<Vec<_>>().join("_")
}

/// The OpenAPI document of `/api/v1` as JSON.
pub fn document() -> String {
    endpoints::described().1.to_json().unwrap_or_default()
}
