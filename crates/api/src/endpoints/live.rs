//! News for those who look at a screen: which topics changed, and how far long work is.
//!
//! One watcher a workspace reads counters once a second for all who listen, and none while nobody does. It reads
//! rows for jobs alone, and only while there are some.

use crate::caller::{self, Reader};
use crate::endpoints::jobs::JobView;
use crate::grids;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::roles::Permission;
use kit::{Timestamp, WorkspaceId};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Topic, TopicCounts};
use tokio::sync::{broadcast, watch};
use tokio::time::MissedTickBehavior;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A topic is told no more often than this.
const TURN: Duration = Duration::from_secs(1);
/// A sign of life, and a look whether the session still is.
const BEAT: Duration = Duration::from_secs(15);
/// Jobs that another process began are found within so many turns.
const JOB_TURNS: u32 = 5;
/// Jobs looked at: the newest.
const JOBS_MAX: i64 = 20;
/// What waits for a listener that is slow; beyond it all topics are told.
const WAITING_MAX: usize = 64;
const LISTENERS_MAX: usize = 500;
/// Of one account or key: a few windows.
const LISTENERS_OF_ONE_MAX: usize = 12;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(live))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change of these maps is one call: a thread that panicked left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who listens.
#[derive(Debug)]
pub(crate) struct Live {
    watched: Mutex<HashMap<WorkspaceId, broadcast::Sender<Arc<str>>>>,
    /// By account or key.
    listeners: Mutex<HashMap<String, usize>>,
    ends: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Live {
        Live { watched: Mutex::default(), listeners: Mutex::default(), ends: watch::Sender::new(false) }
    }
}

impl Live {
    /// Ends every connection: a server that stops does not wait for those who only listen.
    pub(crate) fn end(&self) {
        self.ends.send_replace(true);
    }

    fn admit(&self, who: &str) -> Answer<()> {
        let mut listeners = lock(&self.listeners);
        let of_one = listeners.get(who).copied().unwrap_or(0);
        if of_one >= LISTENERS_OF_ONE_MAX || listeners.values().sum::<usize>() >= LISTENERS_MAX {
            let detail = "too many windows listen at once; close some, or look again later";
            return Err(Problem::too_many(detail, 30));
        }
        listeners.insert(who.to_owned(), of_one + 1);
        Ok(())
    }

    fn leave(&self, who: &str) {
        let mut listeners = lock(&self.listeners);
        if let Some(count) = listeners.get_mut(who) {
            *count -= 1;
            if *count == 0 {
                listeners.remove(who);
            }
        }
    }
}

/// A place among the listeners, given back when it is dropped.
struct Place {
    services: Arc<Services>,
    who: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.services.memory.live.leave(&self.who);
    }
}

fn listen(services: &Arc<Services>, workspace: WorkspaceId) -> broadcast::Receiver<Arc<str>> {
    let mut watched = lock(&services.memory.live.watched);
    if let Some(sender) = watched.get(&workspace) {
        return sender.subscribe();
    }
    let (sender, receiver) = broadcast::channel(WAITING_MAX);
    watched.insert(workspace, sender.clone());
    tokio::spawn(watch(Arc::clone(services), workspace, sender));
    receiver
}

/// What a watcher knows of a workspace.
#[derive(Default)]
struct Seen {
    counts: Option<TopicCounts>,
    /// Revisions of jobs; `None` before the first look.
    jobs: Option<HashMap<String, i64>>,
    any_open: bool,
    turns: u32,
}

#[expect(clippy::disallowed_methods, reason = "how often it looks decides nothing about anybody")]
async fn watch(services: Arc<Services>, workspace: WorkspaceId, sender: broadcast::Sender<Arc<str>>) {
    let mut interval = tokio::time::interval(TURN);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    loop {
        interval.tick().await;
        {
            // Under the lock, so that nobody subscribes to a watcher that has just ended.
            let mut watched = lock(&services.memory.live.watched);
            if sender.receiver_count() == 0 {
                watched.remove(&workspace);
                return;
            }
        }
        match news(&services, workspace, &mut seen).await {
            Ok(told) => {
                for one in told {
                    // Nobody may be left to hear it.
                    let _ = sender.send(one);
                }
            }
            Err(problem) => tracing::warn!(detail = problem.detail, "listeners cannot be told what changed"),
        }
    }
}

fn event(name: &str, data: &impl serde::Serialize) -> Arc<str> {
    // JSON has no line breaks of its own.
    format!("event: {name}\ndata: {}\n\n", serde_json::to_string(data).unwrap_or_default()).into()
}

fn changed(topics: &[Topic]) -> Arc<str> {
    let names: Vec<&str> = topics.iter().map(|topic| topic.as_str()).collect();
    event("changed", &json!({ "topics": names }))
}

async fn news(services: &Arc<Services>, workspace: WorkspaceId, seen: &mut Seen) -> Answer<Vec<Arc<str>>> {
    let counts = services.aside(move |services| Ok(services.store.topics(workspace)?)).await?;
    let topics = seen.counts.map_or_else(Vec::new, |earlier| counts.changed_since(&earlier));
    seen.counts = Some(counts);
    let mut told = Vec::new();
    if !topics.is_empty() {
        told.push(changed(&topics));
    }
    let looks = seen.any_open || topics.contains(&Topic::Jobs) || seen.turns.is_multiple_of(JOB_TURNS);
    seen.turns = seen.turns.wrapping_add(1);
    if looks {
        let jobs =
            services.read(move |tx| tx.job_page(workspace, (Timestamp::MAX, ""), "", JOBS_MAX)).await?;
        seen.any_open = jobs
            .iter()
            .any(|job| matches!(job.state.as_str(), "waiting" | "running" | "cancelling" | "undoing"));
        let revisions = jobs.iter().map(|job| (job.job_id.clone(), job.revision)).collect();
        let earlier = seen.jobs.replace(revisions);
        if let Some(earlier) = earlier {
            let is_new = |job: &store::transfers::JobRow| earlier.get(&job.job_id) != Some(&job.revision);
            told.extend(jobs.into_iter().rev().filter(is_new).map(|job| event("job", &JobView::of(job))));
        }
    }
    Ok(told)
}

/// Hear of changes
///
/// Server-sent events, for as long as the session lasts: `ready` at the start; `changed` with the `topics` of which
/// something changed (`people`, `events`, `messages`, `journeys`, `segments`, `campaigns`, `templates`, `jobs`,
/// `settings`), each at most once a second; `job` with a piece of long work that went on or ended; `end` when the
/// session is over or the server stops. It never says what changed: ask for what you show.
#[utoipa::path(get, path = "/live", tag = "workspace", responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn live(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    headers: HeaderMap,
) -> Answer<Response> {
    let workspace = caller.workspace;
    services.memory.live.admit(&caller.source)?;
    if caller.needs(Permission::ReadPeople).is_ok() {
        // Whoever opens the app will look at the customers: the list is ready by then.
        let ends = services.memory.live.ends.subscribe();
        tokio::spawn(grids::make_ahead(Arc::clone(&services), workspace, move || !*ends.borrow()));
    }
    let place = Place { services: Arc::clone(&services), who: caller.source };
    let listener = Listener {
        news: listen(&services, workspace),
        ends: services.memory.live.ends.subscribe(),
        beat: tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT),
        headers,
        workspace,
        place,
        is_new: true,
        is_over: false,
    };
    let stream = futures_util::stream::unfold(listener, async |mut listener| {
        let told = listener.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(told.as_bytes())), listener))
    });
    let told = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((StatusCode::OK, told, Body::from_stream(stream)).into_response())
}

struct Listener {
    news: broadcast::Receiver<Arc<str>>,
    ends: watch::Receiver<bool>,
    beat: tokio::time::Interval,
    headers: HeaderMap,
    workspace: WorkspaceId,
    place: Place,
    is_new: bool,
    is_over: bool,
}

enum Happened {
    News(Arc<str>),
    Beat,
    Stops,
}

impl Listener {
    async fn next(&mut self) -> Option<Arc<str>> {
        if self.is_over {
            return None;
        }
        if std::mem::take(&mut self.is_new) {
            let names: Vec<&str> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
            return Some(event("ready", &json!({ "topics": names })));
        }
        let happened = tokio::select! {
            _ = self.ends.wait_for(|ends| *ends) => Happened::Stops,
            told = self.news.recv() => match told {
                Ok(told) => Happened::News(told),
                Err(broadcast::error::RecvError::Lagged(_)) => Happened::News(changed(Topic::ALL)),
                Err(broadcast::error::RecvError::Closed) => Happened::Stops,
            },
            _ = self.beat.tick() => Happened::Beat,
        };
        Some(match happened {
            Happened::News(told) => told,
            Happened::Stops => self.over("stopping"),
            Happened::Beat if self.is_still_allowed().await => ": beat\n\n".into(),
            Happened::Beat => self.over("session_ended"),
        })
    }

    fn over(&mut self, reason: &str) -> Arc<str> {
        self.is_over = true;
        event("end", &json!({ "reason": reason }))
    }

    async fn is_still_allowed(&self) -> bool {
        let services = &self.place.services;
        match caller::caller_of(services, &Method::GET, &self.headers).await {
            Ok(now) => now.workspace == self.workspace && now.source == self.place.who,
            // What cannot be asked now is asked again at the next beat.
            Err(problem) => problem.status.is_server_error(),
        }
    }
}
