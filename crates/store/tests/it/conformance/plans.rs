//! What SQLite makes of the queries that every batch, every send and every wait asks.

use crate::databases::Database;
use store::CATALOG;

/// The text of a query as SQLite reads it. `$1` is a parameter for it too.
fn sql(name: &str) -> String {
    let head = format!("-- name: {name}");
    let mut found = Vec::new();
    for (_, text) in CATALOG.queries.files {
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with("-- name:") {
                inside = line == head || line == format!("{head} @sqlite");
            } else if inside {
                match line.strip_prefix("-- @") {
                    Some(rest) => found.extend(rest.strip_prefix("sqlite ")),
                    None => found.push(line),
                }
            }
        }
    }
    assert!(!found.is_empty(), "no query {name}");
    found.join("\n")
}

/// Sorting what is left.
enum Sort {
    /// The index gives the order.
    Never,
    /// The rows of one profile that share an instant may be sorted: few, and a wider index costs every write.
    Ties,
}
use Sort::{Never, Ties};

#[test]
fn hot_queries_use_their_indexes() {
    // Query, how it finds its first table, sorting.
    let cases = [
        ("inbox_peek", "SEARCH inbox USING INTEGER PRIMARY KEY", Never),
        ("inbox_outline", "SCAN inbox", Never),
        ("identifier_find", "SEARCH identifier USING PRIMARY KEY", Never),
        ("profile_by_no", "SEARCH p USING INDEX sqlite_autoindex_profile_1", Never),
        ("profile_by_id", "SEARCH p USING INDEX profile_by_id", Never),
        ("event_message_find", "SEARCH event_message USING PRIMARY KEY", Never),
        ("event_page", "SEARCH e USING INDEX event_by_profile", Ties),
        ("event_last", "SEARCH event", Never),
        ("message_last", "SEARCH message", Never),
        ("attribute_change_page", "SEARCH attribute_change USING INDEX attribute_change_by_profile", Never),
        ("merge_list", "SEARCH merge_log USING INDEX merge_log_by_profile", Never),
        ("event_page_named", "SEARCH e USING INDEX event_by_profile", Ties),
        (
            "event_count_named",
            "SEARCH event USING COVERING INDEX event_by_name (workspace_id=? AND name_no=?)",
            Never,
        ),
        ("order_find", "SEARCH shop_order USING INDEX sqlite_autoindex_shop_order_1", Never),
        ("order_summaries", "SEARCH shop_order USING INDEX shop_order_by_profile", Ties),
        ("run_active", "SEARCH journey_run USING INDEX journey_run_active", Never),
        ("run_find", "SEARCH journey_run USING INDEX sqlite_autoindex_journey_run_1", Never),
        ("run_due", "SEARCH journey_run USING INDEX journey_run_due (due_at>? AND due_at<?)", Never),
        ("run_next_due", "SEARCH journey_run USING COVERING INDEX journey_run_due", Never),
        ("run_history", "SEARCH journey_run USING COVERING INDEX journey_run_by_profile", Never),
        ("run_held", "SEARCH journey_run USING INDEX journey_run_by_journey", Never),
        ("run_active_of_journey", "SEARCH journey_run USING COVERING INDEX journey_run_followed", Never),
        ("journey_active_nodes", "SEARCH journey_run USING INDEX journey_run_followed", Ties),
        ("journey_messages", "SEARCH m USING INDEX message_of_journey", Ties),
        ("run_of_journey_at", "SEARCH journey_run USING INDEX journey_run_by_journey", Never),
        ("journey_run_states", "SEARCH journey_run USING INDEX journey_run_by_journey", Ties),
        ("journey_step_counts", "SEARCH r USING INDEX journey_run_by_journey", Ties),
        ("journey_messages_of_runs", "SEARCH m USING INDEX message_by_run", Ties),
        (
            "journey_version_page",
            "SEARCH journey_version USING INDEX sqlite_autoindex_journey_version_1",
            Never,
        ),
        ("run_of_journey", "SEARCH journey_run USING INDEX journey_run_by_journey", Never),
        ("timer_due", "SEARCH timer USING COVERING INDEX timer_due (due_at<?)", Never),
        ("timer_next_due", "SEARCH timer USING COVERING INDEX timer_due", Never),
        ("message_due", "SEARCH message USING INDEX message_due (channel=? AND due_at<?)", Never),
        (
            "message_due_service",
            "SEARCH message USING INDEX message_due_service (channel=? AND due_at<?)",
            Never,
        ),
        ("message_next_due", "SEARCH message USING COVERING INDEX message_due (channel=?)", Never),
        ("message_stranded", "SCAN message USING INDEX message_sending", Never),
        ("message_by_key", "SEARCH message USING INDEX message_by_key", Never),
        ("message_recent", "SEARCH message USING INDEX message_advertised (", Never),
        ("message_recent_to", "SEARCH message USING INDEX message_advertised_to", Never),
        ("message_waiting", "SEARCH message USING INDEX message_waiting", Never),
        ("do_not_call_find", "SEARCH do_not_call USING PRIMARY KEY", Never),
        ("message_of_profile", "SEARCH message USING INDEX message_by_profile", Never),
        ("ledger_whole", "SEARCH message USING INDEX message_by_decision", Never),
        ("ledger_of_state", "SEARCH message USING INDEX message_by_state", Never),
        ("ledger_of_reason", "SEARCH message USING INDEX message_by_reason", Never),
        ("ledger_of_campaign", "SEARCH message USING INDEX message_of_campaign_by_decision", Never),
        ("body_subject", "SEARCH message_body USING", Never),
        ("suppression_page", "SEARCH suppression USING PRIMARY KEY", Never),
        ("campaign_runs_between", "SEARCH r USING INDEX campaign_run_by_start", Never),
        ("message_cancel_run", "SEARCH message USING INDEX message_by_run", Never),
        ("campaign_open", "SEARCH message USING INDEX message_of_campaign_open", Never),
        ("campaign_hold", "SEARCH message USING INDEX message_of_campaign_open", Never),
        ("campaign_held", "SEARCH message USING INDEX message_of_campaign_open", Ties),
        ("campaign_cancel", "SEARCH message USING INDEX message_of_campaign_open", Never),
        ("campaign_has", "SEARCH message USING INDEX message_of_campaign", Never),
        ("campaign_messages", "SEARCH message USING INDEX message_of_campaign", Never),
        ("campaign_states", "SEARCH message USING INDEX message_of_campaign", Ties),
        ("campaign_once", "SEARCH message USING INDEX message_by_profile", Never),
        ("campaign_page", "SEARCH campaign USING INDEX campaign_by_age", Never),
        ("audience_chunk", "SEARCH campaign_audience USING PRIMARY KEY", Never),
        ("profile_exists", "SEARCH profile USING COVERING INDEX sqlite_autoindex_profile_1", Never),
        ("profile_became", "SEARCH merge_log USING INDEX merge_log_other", Ties),
        ("campaign_answers", "SEARCH m USING COVERING INDEX message_of_campaign", Never),
        ("campaign_people_since", "SEARCH r USING INDEX campaign_run_by_end", Never),
        ("suppression_find", "SEARCH suppression USING PRIMARY KEY", Never),
        ("body_expire", "SEARCH message_body USING INDEX message_body_by_age", Never),
        (
            "scan_event_counts",
            "SEARCH event USING COVERING INDEX event_by_name (workspace_id=? AND name_no=? AND at>? AND at<?)",
            Never,
        ),
        (
            "scan_event_sums",
            "SEARCH event USING COVERING INDEX event_by_name (workspace_id=? AND name_no=? AND at>? AND at<?)",
            Never,
        ),
        (
            "scan_event_bodies",
            "SEARCH event USING INDEX event_by_name (workspace_id=? AND name_no=? AND at>? AND at<?)",
            Never,
        ),
        (
            "scan_order_counts",
            "SEARCH shop_order USING COVERING INDEX shop_order_by_time (workspace_id=? AND placed_at>? AND placed_at<?)",
            Never,
        ),
        (
            "scan_order_nets",
            "SEARCH shop_order USING COVERING INDEX shop_order_by_time (workspace_id=? AND placed_at>? AND placed_at<?)",
            Never,
        ),
        (
            "scan_order_docs",
            "SEARCH shop_order USING INDEX shop_order_by_time (workspace_id=? AND placed_at>? AND placed_at<?)",
            Never,
        ),
        ("scan_order_docs_of_product", "SEARCH l USING COVERING INDEX order_line_by_product", Never),
        ("scan_profile_numbers", "SEARCH profile USING COVERING INDEX sqlite_autoindex_profile_1", Never),
        ("scan_profile_docs", "SEARCH profile USING INDEX sqlite_autoindex_profile_1", Never),
        ("scan_last_seen", "SEARCH event USING COVERING INDEX event_by_profile", Never),
        ("feed_after", "SEARCH profile_feed USING INTEGER PRIMARY KEY (rowid>?)", Never),
        ("seen_after", "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", Never),
        ("search_between", "SEARCH profile_search USING PRIMARY KEY", Never),
        ("scan_messages", "SEARCH m USING INDEX message_by_profile", Never),
        ("scan_runs", "SEARCH journey_run USING INDEX journey_run_by_profile", Ties),
        ("scan_list", "SEARCH profile USING INDEX sqlite_autoindex_profile_1", Never),
        (
            "scan_event_last",
            "SEARCH event USING COVERING INDEX event_by_name (workspace_id=? AND name_no=? AND at<?)",
            Never,
        ),
        (
            "scan_event_sample",
            "SEARCH event USING INDEX event_by_name (workspace_id=? AND name_no=? AND at<?)",
            Never,
        ),
        ("segment_entered", "SEARCH segment_transition USING INDEX segment_transition_by_profile", Never),
        (
            "segment_version_page",
            "SEARCH segment_version USING INDEX sqlite_autoindex_segment_version_1",
            Never,
        ),
        ("hook_delivery_due", "SEARCH webhook_delivery USING INDEX webhook_delivery_due", Never),
        ("hook_delivery_next", "SEARCH webhook_delivery USING COVERING INDEX webhook_delivery_due", Never),
        ("hook_delivery_waiting", "SEARCH webhook_delivery USING COVERING INDEX webhook_delivery_due", Never),
        ("hook_delivery_page", "SEARCH webhook_delivery USING INDEX webhook_delivery_of_webhook", Never),
        ("attention_find", "SEARCH m USING INDEX message_advertised", Never),
        ("soft_bounce_find", "SEARCH soft_bounce USING PRIMARY KEY", Never),
        ("sending_count_list", "SEARCH sending_count USING PRIMARY KEY", Never),
        ("sending_plan_find", "SEARCH sending_plan USING PRIMARY KEY", Never),
        ("mailbox_visit_find", "SEARCH mailbox_visit USING INDEX sqlite_autoindex_mailbox_visit_1", Never),
        ("device_find", "SEARCH push_device USING INDEX sqlite_autoindex_push_device_1", Never),
        ("device_of_profile", "SEARCH push_device USING INDEX push_device_by_profile", Never),
        ("onsite_pending", "SEARCH onsite_message USING INDEX onsite_message_by_profile", Never),
        ("onsite_find", "SEARCH onsite_message USING INDEX onsite_message_by_id", Never),
        ("onsite_expire", "SEARCH onsite_message USING INDEX onsite_message_by_age", Never),
        ("set_aside_page", "SEARCH quarantine USING INDEX quarantine_of_workspace", Never),
        ("media_page", "SEARCH media USING INDEX sqlite_autoindex_media_1", Never),
        ("media_content_find", "SEARCH media_content USING INDEX sqlite_autoindex_media_content_1", Never),
        (
            "template_version_page",
            "SEARCH template_version USING INDEX sqlite_autoindex_template_version_1",
            Never,
        ),
        ("search_range", "SEARCH profile_search USING PRIMARY KEY", Never),
        ("overview_orders", "SEARCH shop_order USING COVERING INDEX shop_order_by_time", Never),
        ("overview_bought_before", "SEARCH shop_order USING INDEX shop_order_by_profile", Never),
        ("overview_people", "SEARCH profile USING COVERING INDEX profile_by_id", Never),
        ("overview_sent", "SEARCH message USING COVERING INDEX message_accepted", Ties),
        ("overview_first_sent", "SEARCH message USING COVERING INDEX message_accepted", Never),
        ("overview_machines", "SEARCH r USING COVERING INDEX message_response_machine", Never),
        ("idempotency_expire", "SEARCH idempotency USING INDEX idempotency_by_age", Never),
        ("message_by_provider_id", "SEARCH message USING INDEX message_by_provider_id", Ties),
        ("message_fall_backs_due", "SEARCH message USING INDEX message_fall_back", Never),
        ("message_next_fall_back", "SEARCH message USING COVERING INDEX message_fall_back", Never),
        ("message_asks_due", "SEARCH message USING INDEX message_to_ask", Never),
        ("message_next_ask", "SEARCH message USING COVERING INDEX message_to_ask", Never),
        ("spent", "SEARCH spending USING PRIMARY KEY", Never),
        ("leads_by_status", "SEARCH lead USING COVERING INDEX lead_by_status", Never),
        ("leads_by_assignee", "SEARCH lead USING INDEX lead_by_assignee", Never),
        ("leads_ranked", "SEARCH lead USING COVERING INDEX lead_by_score", Never),
        ("leads_ranked_by_status", "SEARCH lead USING COVERING INDEX lead_by_status_score", Never),
        ("leads_ranked_by_assignee", "SEARCH lead USING COVERING INDEX lead_by_assignee_score", Never),
        ("lead_turn", "SEARCH lead USING COVERING INDEX lead_turn", Never),
        ("models_serving_of", "SEARCH model USING PRIMARY KEY", Never),
        ("seen_of", "SEARCH product_seen USING PRIMARY KEY", Never),
        ("scan_seen", "SEARCH product_seen USING PRIMARY KEY", Never),
        ("seen_of_product", "SEARCH product_seen USING INDEX product_seen_by_product", Never),
        ("bought_of_product", "SEARCH order_line USING COVERING INDEX order_line_by_product", Ties),
        ("bought_of", "SEARCH l USING INDEX order_line_by_profile", Never),
        ("scan_bought", "SEARCH l USING INDEX order_line_by_profile", Ties),
        ("product_changed", "SEARCH product USING INDEX product_by_change", Never),
        ("book_last", "SEARCH recommendation_book USING PRIMARY KEY", Never),
        ("book_page", "SEARCH recommendation_book USING PRIMARY KEY", Never),
        ("model_history", "SEARCH model USING PRIMARY KEY", Never),
    ];
    let database = Database::sqlite();
    database.open(&CATALOG).close().unwrap();
    let conn = rusqlite::Connection::open(database.sqlite_options().path).unwrap();
    let mut wrong = Vec::new();
    for (name, start, sort) in cases {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", sql(name))).unwrap();
        // A parameter that is not bound is null, and the plan is the same.
        let mut rows = statement.raw_query();
        let mut plan: Vec<String> = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get(3).unwrap());
        }
        let finds = plan.first().is_some_and(|line| line.starts_with(start));
        let scans = plan.iter().skip(1).any(|line| line.starts_with("SCAN"));
        let sorts = plan.iter().any(|line| {
            line.contains("TEMP B-TREE") && (matches!(sort, Never) || line.ends_with("B-TREE FOR ORDER BY"))
        });
        if !finds || scans || sorts {
            wrong.push(format!("{name}: {}", plan.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
