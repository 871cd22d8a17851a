//! The library of pictures: brought in, found again, and served to whoever has the address.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, Paging, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use domain::media::{PICTURE_BYTES_MAX, PictureError, file_name, look};
use domain::normalise::text::{clean, search_key};
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::content::MediaRow;
use store::{Changeset, ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, upload)).routes(routes!(find, change, remove))
}

/// Addresses without a key: they stand in messages.
pub fn public() -> Router<Arc<Services>> {
    Router::new().route("/media/{id}/{name}", axum::routing::get(serve))
}

/// Bytes of all pictures of a workspace.
const LIBRARY_BYTES_MAX: i64 = 2 << 30;

#[derive(Debug, Serialize, ToSchema)]
struct MediaView {
    id: String,
    name: String,
    /// Below the address of this server; whoever has it sees the picture.
    url: String,
    /// Told by the bytes: `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    kind: String,
    size: i64,
    width: i64,
    height: i64,
    /// What it shows, for people who do not see it.
    alt: String,
    created_at: String,
    created_by: String,
    /// Where it is used; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<Vec<MediaUse>>,
}

/// Something that shows a picture.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct MediaUse {
    /// `template`, `draft` or `brand`.
    kind: String,
    id: String,
    name: String,
}

impl MediaView {
    fn of(row: MediaRow) -> MediaView {
        MediaView {
            url: format!("/media/{}/{}", row.media_id, row.file),
            id: row.media_id,
            name: row.name,
            kind: row.kind,
            size: row.size,
            width: row.width,
            height: row.height,
            alt: row.alt,
            created_at: iso(row.created_at),
            created_by: row.created_by,
            uses: None,
        }
    }
}

fn uses_of(tx: &mut ReadTx<'_>, workspace: WorkspaceId, media_id: &str) -> Result<Vec<MediaUse>, StoreError> {
    let mark = format!("/media/{media_id}/");
    let mut found = Vec::new();
    let templates = tx.templates(workspace)?;
    for row in &templates {
        if row.source.contains(&mark) {
            let (id, name) = (row.template_id.clone(), row.name.clone());
            found.push(MediaUse { kind: "template".into(), id, name });
        }
    }
    for (id, doc) in tx.template_drafts(workspace)? {
        if doc.contains(&mark) && !found.iter().any(|one| one.id == id) {
            let name =
                templates.iter().find(|row| row.template_id == id).map_or(&id, |row| &row.name).clone();
            found.push(MediaUse { kind: "draft".into(), id, name });
        }
    }
    let settings = workspace_of(tx, workspace)?.settings;
    if settings.brand.logo.contains(&mark) {
        found.push(MediaUse { kind: "brand".into(), id: String::new(), name: settings.shop.name });
    }
    Ok(found)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of a name or of what a picture shows; tone marks do not matter.
    search: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List pictures
///
/// Newest first.
#[utoipa::path(get, path = "/media", tag = "media", params(ListQuery), responses((status = 200, body = Page<MediaView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<MediaView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let below = paging.after::<1>()?.map_or_else(|| "~".to_owned(), |[below]| below);
    if query.search.as_ref().is_some_and(|search| search.len() > 200) {
        return Err(Problem::field("search", "at most 200 bytes"));
    }
    let search = query.search.as_deref().map(search_key).unwrap_or_default();
    let rows = services.read(move |tx| tx.media_page(workspace, &below, &search, limit + 1)).await?;
    Ok(Json(Page::of(rows, limit, |row| [row.media_id.clone()], MediaView::of)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Upload {
    /// The file's name.
    name: Option<String>,
    /// What the picture shows.
    alt: Option<String>,
}

/// Bring in a picture
///
/// The body is the file itself: PNG, JPEG, GIF or WebP, at most 5 MB and 6000 pixels a side. What it is, its bytes
/// say, not its name.
#[utoipa::path(post, path = "/media", tag = "media", params(Upload), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = MediaView)))]
async fn upload(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Asked(told): Asked<Upload>,
    body: Body,
) -> Answer<(StatusCode, Json<MediaView>)> {
    let workspace = caller.workspace;
    let content = to_bytes(body, PICTURE_BYTES_MAX).await.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", PictureError::TooLarge.to_string())
    })?;
    let (content, looked) = services
        .aside(move |_| {
            let looked = look(&content);
            Ok((content, looked))
        })
        .await?;
    let picture = looked.map_err(|error| {
        let code = match error {
            PictureError::Empty => "file_empty",
            PictureError::TooLarge | PictureError::TooWide => "file_too_large",
            PictureError::Svg => "svg_refused",
            PictureError::Unknown => "no_picture",
            PictureError::Damaged => "picture_damaged",
        };
        Problem::unusable(code, error.to_string())
    })?;
    let (_, total) = services.read(move |tx| tx.media_total(workspace)).await?;
    if total.saturating_add(content.len() as i64) > LIBRARY_BYTES_MAX {
        let detail = "the library holds 2 GB: delete pictures that nothing uses";
        return Err(Problem::conflict("library_full", detail));
    }
    let told_name = told.name.as_deref().unwrap_or_default();
    let file = file_name(told_name, picture.kind);
    let stem = told_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let name = match clean(stem, 200) {
        name if name.is_empty() => file.clone(),
        name => name,
    };
    let alt = clean(told.alt.as_deref().unwrap_or_default(), 500);
    let row = MediaRow {
        media_id: services.new_id().to_string(),
        search: search_key(&format!("{name} {alt}")),
        name,
        file,
        kind: picture.kind.to_string(),
        size: content.len() as i64,
        width: i64::from(picture.width),
        height: i64::from(picture.height),
        alt,
        created_at: services.now(),
        created_by: caller.source,
    };
    let mut changes = Changeset::new();
    changes.insert_media(workspace, row.clone(), content.to_vec());
    services.apply(changes).await?;
    Ok((StatusCode::CREATED, Json(MediaView::of(row))))
}

async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<MediaRow> {
    let id = id.to_owned();
    let found = services.read(move |tx| tx.media(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the picture"))
}

/// Read a picture's facts
///
/// With where it is used.
#[utoipa::path(get, path = "/media/{id}", tag = "media", params(("id" = String, Path)), responses((status = 200, body = MediaView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<MediaView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let uses = services.read(move |tx| uses_of(tx, workspace, &id)).await?;
    Ok(Json(MediaView { uses: Some(uses), ..MediaView::of(row) }))
}

/// What is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MediaChanges {
    name: Option<String>,
    alt: Option<String>,
}

/// Rename or describe a picture
#[utoipa::path(patch, path = "/media/{id}", tag = "media", params(("id" = String, Path)), request_body = MediaChanges, responses((status = 200, body = MediaView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<MediaChanges>,
) -> Answer<Json<MediaView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let name = told.name.map_or_else(|| row.name.clone(), |name| clean(&name, 200));
    let alt = told.alt.map_or_else(|| row.alt.clone(), |alt| clean(&alt, 500));
    if name.is_empty() {
        return Err(Problem::field("name", "from 1 to 200 characters"));
    }
    let search = search_key(&format!("{name} {alt}"));
    let mut changes = Changeset::new();
    changes.update_media(workspace, &id, &name, &alt, &search);
    services.apply(changes).await?;
    Ok(Json(MediaView::of(MediaRow { name, alt, search, ..row })))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RemoveQuery {
    /// Also when something shows it.
    #[serde(default)]
    force: bool,
}

/// Delete a picture
///
/// Refused while a template or the brand shows it, unless `force` is set. Messages that were sent lose it too.
#[utoipa::path(delete, path = "/media/{id}", tag = "media", params(("id" = String, Path), RemoveQuery), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Asked(query): Asked<RemoveQuery>,
) -> Answer<StatusCode> {
    let workspace = caller.workspace;
    row_of(&services, workspace, &id).await?;
    let asked = id.clone();
    let uses = services.read(move |tx| uses_of(tx, workspace, &asked)).await?;
    if !query.force && !uses.is_empty() {
        let named: Vec<String> = uses.iter().map(|one| format!("{} \"{}\"", one.kind, one.name)).collect();
        let detail = format!("the picture is used by {}; change these first", named.join(", "));
        return Err(Problem::conflict("media_in_use", detail).with_problems(uses));
    }
    let mut changes = Changeset::new();
    changes.delete_media(workspace, &id);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pictures that come with the program, for the gallery.
const OWN: &[(&str, &[u8])] = &[
    ("bag.png", include_bytes!("../../pictures/bag.png")),
    ("book.png", include_bytes!("../../pictures/book.png")),
    ("box.png", include_bytes!("../../pictures/box.png")),
    ("cake.png", include_bytes!("../../pictures/cake.png")),
    ("cart.png", include_bytes!("../../pictures/cart.png")),
    ("chat.png", include_bytes!("../../pictures/chat.png")),
    ("coins.png", include_bytes!("../../pictures/coins.png")),
    ("crown.png", include_bytes!("../../pictures/crown.png")),
    ("cycle.png", include_bytes!("../../pictures/cycle.png")),
    ("eye.png", include_bytes!("../../pictures/eye.png")),
    ("flash.png", include_bytes!("../../pictures/flash.png")),
    ("gift.png", include_bytes!("../../pictures/gift.png")),
    ("heart.png", include_bytes!("../../pictures/heart.png")),
    ("mail.png", include_bytes!("../../pictures/mail.png")),
    ("new.png", include_bytes!("../../pictures/new.png")),
    ("news.png", include_bytes!("../../pictures/news.png")),
    ("product-1.png", include_bytes!("../../pictures/product-1.png")),
    ("product-2.png", include_bytes!("../../pictures/product-2.png")),
    ("product-3.png", include_bytes!("../../pictures/product-3.png")),
    ("product-4.png", include_bytes!("../../pictures/product-4.png")),
    ("receipt.png", include_bytes!("../../pictures/receipt.png")),
    ("stars.png", include_bytes!("../../pictures/stars.png")),
    ("tag.png", include_bytes!("../../pictures/tag.png")),
    ("tet.png", include_bytes!("../../pictures/tet.png")),
    ("ticket.png", include_bytes!("../../pictures/ticket.png")),
    ("truck.png", include_bytes!("../../pictures/truck.png")),
    ("wave.png", include_bytes!("../../pictures/wave.png")),
    ("women.png", include_bytes!("../../pictures/women.png")),
];

async fn serve(
    State(services): State<Arc<Services>>,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (kind, content) = if id == "library" {
        match OWN.iter().find(|(own, _)| *own == name) {
            Some((_, bytes)) => ("image/png".to_owned(), bytes.to_vec()),
            None => return StatusCode::NOT_FOUND.into_response(),
        }
    } else {
        let asked = id.clone();
        match services.read(move |tx| tx.media_content(&asked)).await {
            Ok(Some(found)) => found,
            Ok(None) => return StatusCode::NOT_FOUND.into_response(),
            Err(problem) => return problem.into_response(),
        }
    };
    // What has an address never changes.
    let tag = format!("\"{id}-{}\"", content.len());
    let common = [
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::ETAG, tag.clone()),
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|told| told.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, content).into_response()
}
