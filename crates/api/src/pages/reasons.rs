//! What the codes of the ledger mean, in both languages: states, reasons of the gate, of rendering, of channels and of
//! journeys, and the turns of a message's log.

use super::language::Language;
use super::written::fill;
use serde_json::{Map, Value};

/// A code and what it says in Vietnamese and in English.
type Row = (&'static str, &'static str, &'static str);

const STATES: &[Row] = &[
    ("queued", "Đang chờ", "Waiting"),
    ("held", "Tạm giữ", "Held"),
    ("sending", "Đang gửi", "Sending"),
    ("accepted", "Đã gửi", "Sent"),
    ("refused", "Không gửi", "Not sent"),
    ("failed", "Gửi lỗi", "Failed"),
    ("unknown", "Không rõ", "Unknown"),
    ("cancelled", "Đã hủy", "Cancelled"),
];

const REASONS: &[Row] = &[
    // The gate.
    ("no_address", "Khách không có địa chỉ cho kênh này", "The person has no address for this channel"),
    (
        "suppressed",
        "Địa chỉ nằm trong danh sách chặn: thư từng bị trả lại, bị báo là thư rác, hoặc cửa hàng đã chặn",
        "The address is on the suppression list: it bounced, complained, or the shop put it there",
    ),
    (
        "restricted",
        "Khách đã yêu cầu hạn chế xử lý dữ liệu của mình",
        "The person asked for their data to be left alone",
    ),
    (
        "erased",
        "Khách đã yêu cầu xóa dữ liệu trước khi tin được gửi",
        "The person was erased before it went out",
    ),
    (
        "no_consent",
        "Khách chưa đồng ý nhận tin quảng cáo qua kênh này",
        "The person has not agreed to marketing on this channel",
    ),
    (
        "consent_pending",
        "Khách đã đăng ký nhưng chưa xác nhận",
        "The person signed up but has not confirmed yet",
    ),
    ("consent_denied", "Khách đã từ chối nhận tin qua kênh này", "The person said no to this channel"),
    (
        "holdout",
        "Khách thuộc nhóm đối chứng, không nhận tin quảng cáo để đo hiệu quả",
        "The person is in the holdout, who get no marketing so that its effect can be measured",
    ),
    ("outside_hours", "Ngoài giờ được gửi tin quảng cáo", "Outside the hours in which marketing may be sent"),
    (
        "frequency_cap",
        "Khách đã nhận đủ số tin quảng cáo cho phép trong khoảng thời gian này",
        "The person has had as many marketing messages as are allowed in this time",
    ),
    (
        "waited_too_long",
        "Đã phải chờ quá lâu, tin không còn hợp lúc",
        "It had to wait for too long and was given up",
    ),
    // Rendering.
    ("template_missing", "Không tìm thấy mẫu tin", "The template does not exist"),
    ("template_broken", "Mẫu tin bị lỗi", "The template has an error"),
    (
        "value_missing",
        "Thiếu dữ liệu mà mẫu tin cần và không có giá trị thay thế",
        "A value that the template needs is missing and has no default",
    ),
    (
        "render_stopped",
        "Mẫu tin chạy quá lâu hoặc quá lớn nên bị dừng",
        "The template ran too long or grew too large and was stopped",
    ),
    // Sending.
    ("profile_gone", "Hồ sơ khách không còn", "The profile no longer exists"),
    ("channel_unknown", "Kênh gửi không tồn tại", "There is no such channel"),
    ("channel_not_set_up", "Kênh này chưa được thiết lập", "The channel is not set up yet"),
    (
        "channel_misconfigured",
        "Cấu hình kênh sai: hãy kiểm tra máy chủ, tên đăng nhập và chứng chỉ",
        "The channel's settings are wrong: check the server, the user name and the certificate",
    ),
    ("retry_network", "Mất kết nối, sẽ gửi lại", "The connection failed; it will be tried again"),
    ("retry_timeout", "Bên nhận không trả lời kịp, sẽ gửi lại", "No answer in time; it will be tried again"),
    (
        "retry_throttled",
        "Bên nhận yêu cầu gửi chậm lại, sẽ gửi lại",
        "The other side asked to slow down; it will be tried again",
    ),
    (
        "retry_mailbox_full",
        "Hộp thư của khách đã đầy, sẽ gửi lại",
        "The mailbox is full; it will be tried again",
    ),
    (
        "retry_temporary",
        "Bên nhận đang gặp sự cố tạm thời, sẽ gửi lại",
        "A passing trouble of the other side; it will be tried again",
    ),
    ("gave_up", "Đã thử nhiều lần mà không được", "Given up after many attempts"),
    ("hard_bounce", "Địa chỉ không tồn tại", "The address does not exist"),
    (
        "rejected_by_policy",
        "Quy định của bên nhận từ chối người gửi hoặc nội dung",
        "The receiver's rules refuse the sender or the message",
    ),
    ("too_large", "Tin quá lớn", "The message is too large"),
    ("invalid", "Địa chỉ hoặc nội dung không hợp lệ", "The address or the content is not valid"),
    (
        "refused_by_provider",
        "Bên nhận từ chối mà không nói rõ lý do",
        "The other side refused without saying why",
    ),
    (
        "no_answer",
        "Bên nhận không trả lời nên không rõ tin có đến không; không gửi lại để khách không nhận hai lần",
        "No answer, so nobody knows whether it arrived; not sent again, so that nobody gets it twice",
    ),
    (
        "interrupted",
        "Phần mềm dừng đúng lúc đang gửi; không gửi lại để khách không nhận hai lần",
        "The program ended during the hand-over; not sent again, so that nobody gets it twice",
    ),
    // Journeys.
    ("goal_reached", "Khách đã đạt mục tiêu của kịch bản", "The person reached the journey's goal"),
    ("run_exited", "Khách đã rời kịch bản", "The person left the journey"),
    // Campaigns.
    ("campaign_cancelled", "Chiến dịch đã bị hủy", "The campaign was cancelled"),
    ("local_time_past", "Ở nơi khách ở đã quá giờ gửi", "The time had passed where the person lives"),
    ("merged", "Khách này đã nhận từ hồ sơ được gộp", "The same person gets it under another profile"),
];

/// Turns that stand in a message's log and are no reasons.
const TURNS: &[Row] = &[
    ("decided", "Được đưa vào hàng chờ", "Put in the queue"),
    ("accepted", "Bên nhận đã chấp nhận", "Accepted by the other side"),
    ("refused", "Không gửi", "Not sent"),
    ("unknown", "Không rõ kết quả", "Outcome unknown"),
    ("opened", "Khách mở", "Opened by a person"),
    ("clicked", "Khách bấm liên kết", "Link followed by a person"),
    ("machine_opened", "Máy mở", "Opened by a machine"),
    ("machine_clicked", "Máy bấm liên kết", "Link followed by a machine"),
    ("unsubscribed", "Khách ngừng nhận tin", "Unsubscribed"),
];

/// Why a response is a machine's, by the stable names of `domain::bots::Reason`.
const MACHINES: &[Row] = &[
    ("honeypot", "theo liên kết ẩn", "followed a hidden link"),
    ("not_a_get", "chỉ thăm dò, không mở trang", "a probe that opened no page"),
    ("prefetch_header", "trình duyệt tải trước", "loaded ahead by a browser"),
    ("no_user_agent", "không xưng tên", "names no user agent"),
    ("mail_prefetch", "dịch vụ thư tải sẵn ảnh", "pictures loaded ahead by the mail service"),
    ("known_agent", "chương trình quét đã biết", "a known scanner"),
    ("scanner_network", "mạng của bộ lọc thư", "from a mail filter's network"),
    ("too_soon", "ngay sau khi gửi", "at once after sending"),
    ("burst", "nhiều liên kết cùng lúc", "many links at one time"),
];

const CHANNELS: &[Row] = &[
    ("email", "Email", "E-mail"),
    ("sms", "SMS", "SMS"),
    ("zalo", "Zalo", "Zalo"),
    ("push", "Thông báo đẩy", "Push"),
    ("onsite", "Trên trang", "On site"),
    ("webhook", "Webhook", "Webhook"),
];

/// The channels as they stand inside a sentence.
const CHANNELS_WITHIN: &[Row] = &[
    ("email", "email", "e-mail"),
    ("sms", "tin nhắn SMS", "SMS"),
    ("zalo", "Zalo", "Zalo"),
    ("push", "thông báo đẩy", "push notification"),
    ("onsite", "trang của cửa hàng", "the shop's site"),
    ("webhook", "webhook", "webhook"),
];

const PURPOSES: &[Row] = &[
    ("marketing", "Quảng cáo", "Marketing"),
    ("transactional", "Giao dịch", "Transactional"),
    ("profiling", "Phân tích hành vi", "Profiling"),
    ("ads", "Quảng cáo trên nền tảng khác", "Ad platforms"),
];

const STAGES: &[Row] = &[
    ("visitor", "Khách ghé", "Visitor"),
    ("subscriber", "Người đăng ký", "Subscriber"),
    ("shopper", "Đang chọn mua", "Shopper"),
    ("customer", "Khách mua", "Customer"),
    ("repeat_customer", "Khách quen", "Repeat customer"),
    ("lapsing", "Sắp rời", "Lapsing"),
    ("lost", "Đã rời", "Lost"),
];

const ORDER_STATUSES: &[Row] = &[
    ("placed", "Đã đặt", "Placed"),
    ("confirmed", "Đã xác nhận", "Confirmed"),
    ("paid", "Đã thanh toán", "Paid"),
    ("packed", "Đã đóng gói", "Packed"),
    ("shipped", "Đang giao", "Shipped"),
    ("delivered", "Đã giao", "Delivered"),
    ("completed", "Hoàn tất", "Completed"),
    ("cancelled", "Đã hủy", "Cancelled"),
    ("returned", "Đã trả hàng", "Returned"),
];

const CONSENT_STATES: &[Row] = &[
    ("granted", "Đồng ý", "Agreed"),
    ("pending", "Chờ xác nhận", "To be confirmed"),
    ("denied", "Từ chối", "Refused"),
];

const IDENTIFIER_KINDS: &[Row] = &[
    ("user_id", "Mã khách", "User id"),
    ("email", "Email", "E-mail"),
    ("phone", "Điện thoại", "Phone"),
    ("zalo_id", "Zalo", "Zalo id"),
    ("push", "Thiết bị nhận thông báo", "Push device"),
    ("anonymous_id", "Thiết bị", "Device"),
    ("buyer", "Người mua trên {source}", "Buyer on {source}"),
    ("custom", "{source}", "{source}"),
];

/// Common names of tracked events; others are shown as they came.
const EVENTS: &[Row] = &[
    ("identify", "Cập nhật hồ sơ", "Profile updated"),
    ("page", "Xem trang", "Page viewed"),
    ("screen", "Xem màn hình", "Screen viewed"),
    ("group", "Vào nhóm", "Joined a group"),
    ("alias", "Nhận ra cùng một người", "Recognised as one person"),
    ("Email Opened", "Mở tin", "Message opened"),
    ("Email Link Clicked", "Bấm liên kết trong tin", "Link in a message followed"),
    ("Unsubscribed", "Ngừng nhận tin", "Unsubscribed"),
    ("Product Viewed", "Xem sản phẩm", "Product viewed"),
    ("Product List Viewed", "Xem danh mục", "Category viewed"),
    ("Products Searched", "Tìm sản phẩm", "Searched"),
    ("Product Added", "Thêm vào giỏ", "Added to the cart"),
    ("Product Removed", "Bỏ khỏi giỏ", "Removed from the cart"),
    ("Cart Viewed", "Xem giỏ hàng", "Cart viewed"),
    ("Checkout Started", "Bắt đầu đặt hàng", "Checkout started"),
    ("Cart Abandoned", "Bỏ giỏ hàng", "Cart abandoned"),
    ("Order Completed", "Đặt hàng", "Order placed"),
    ("Order Updated", "Đơn hàng cập nhật", "Order updated"),
    ("Order Shipped", "Đơn hàng được gửi đi", "Order shipped"),
    ("Order Delivered", "Đơn hàng đã đến", "Order delivered"),
    ("Order Refunded", "Hoàn tiền", "Order refunded"),
    ("Order Cancelled", "Hủy đơn", "Order cancelled"),
    ("Product Reviewed", "Đánh giá sản phẩm", "Product reviewed"),
    ("Signed Up", "Đăng ký tài khoản", "Signed up"),
    ("Signed In", "Đăng nhập", "Signed in"),
];

/// Steps of a journey's run, by the codes of `domain::journey::Code`.
const STEPS: &[Row] = &[
    ("run.started", "Bắt đầu", "Started"),
    ("run.resumed", "Chạy tiếp", "Resumed"),
    ("run.completed", "Đi đến cuối kịch bản", "Came to the end"),
    ("run.goal_reached", "Đạt mục tiêu: {event}", "Reached the goal: {event}"),
    ("run.exited", "Rời kịch bản: {reason}", "Left the journey: {reason}"),
    ("run.failed", "Không thể đi tiếp: {reason}", "Could not go on: {reason}"),
    ("send.asked", "Yêu cầu gửi “{template}” qua {channel}", "Asked to send “{template}” by {channel}"),
    ("delay.begun", "Chờ đến {until}", "Waits until {until}"),
    ("delay.passed", "Không cần chờ: {reason}", "Had nothing to wait for: {reason}"),
    ("delay.over", "Đã chờ đến {until}", "Waited until {until}"),
    ("wait.begun", "Đợi “{event}” đến {until}", "Waits for “{event}” until {until}"),
    ("wait.met", "“{event}” đã xảy ra", "“{event}” came"),
    ("wait.timed_out", "“{event}” không xảy ra trước {until}", "“{event}” did not come until {until}"),
    ("branch.taken", "Rẽ theo nhánh {path}", "Took path {path}"),
    ("split.taken", "Được chia vào nhánh {path} trong {paths}", "Drew path {path} of {paths}"),
    ("attribute.set", "Đặt {name} = {value}", "Set {name} to {value}"),
    ("tag.added", "Gắn nhãn {tag}", "Added the tag {tag}"),
    ("tag.removed", "Gỡ nhãn {tag}", "Removed the tag {tag}"),
    ("webhook.asked", "Yêu cầu gọi {url}", "Asked for a call of {url}"),
    ("staff.notified", "Báo nhân viên", "Notified staff"),
    (
        "experiment.drawn",
        "Thử nghiệm “{name}”: được chia vào {variant}",
        "Experiment “{name}”: given {variant}",
    ),
    ("list.joined", "Thêm vào danh sách {list}", "Put on the list {list}"),
    ("list.left", "Đưa ra khỏi danh sách {list}", "Taken off the list {list}"),
    ("journey.started", "Yêu cầu bắt đầu kịch bản {journey}", "Asked for the journey {journey}"),
    ("journey.stopped", "Yêu cầu dừng kịch bản {journey}", "Asked to stop the journey {journey}"),
    ("exit.come", "Đến điểm ra", "Came to an exit"),
    (
        "declined.trigger",
        "Không bắt đầu: kịch bản này bắt đầu bằng {expected}",
        "Not started: this journey starts by {expected}",
    ),
    (
        "declined.filter",
        "Không bắt đầu: sự kiện không thuộc loại bắt đầu kịch bản",
        "Not started: the event is not one that starts it",
    ),
    (
        "declined.entry",
        "Không bắt đầu: chưa đạt điều kiện vào",
        "Not started: the entry condition does not hold",
    ),
    (
        "declined.once",
        "Không bắt đầu: chỉ chạy một lần và đã chạy rồi",
        "Not started: once only, and it has run before",
    ),
    ("declined.running", "Không bắt đầu: đang có một lượt chạy", "Not started: a run is under way"),
    (
        "declined.too_many",
        "Không bắt đầu: đang có {active} lượt, tối đa {most}",
        "Not started: {active} runs under way, at most {most}",
    ),
    (
        "declined.cooldown",
        "Không bắt đầu: chưa được vào lại trước {until}",
        "Not started: not again before {until}",
    ),
    (
        "declined.depth",
        "Không bắt đầu: {depth} kịch bản liên tiếp gọi nhau",
        "Not started: {depth} journeys in a row started one another",
    ),
    (
        "declined.exit",
        "Không bắt đầu: sẽ rời ngay vì {reason}",
        "Not started: it would end at once: {reason}",
    ),
];

fn find(rows: &[Row], code: &str, language: Language) -> Option<&'static str> {
    rows.iter().find(|row| row.0 == code).map(|row| language.pick(row.1, row.2))
}

/// What a code says; one that nobody translated stands for itself, so that it is at least seen.
fn say<'a>(rows: &[Row], code: &'a str, language: Language) -> &'a str {
    find(rows, code, language).unwrap_or(code)
}

pub fn state(code: &str, language: Language) -> &str {
    say(STATES, code, language)
}

/// All states of the ledger, in the order in which a filter offers them.
pub fn states() -> impl Iterator<Item = &'static str> {
    STATES.iter().map(|row| row.0)
}

pub fn reason(code: &str, language: Language) -> &str {
    say(REASONS, code, language)
}

pub fn channel(code: &str, language: Language) -> &str {
    say(CHANNELS, code, language)
}

pub fn channels() -> impl Iterator<Item = &'static str> {
    CHANNELS.iter().map(|row| row.0)
}

pub fn channel_within(code: &str, language: Language) -> &str {
    say(CHANNELS_WITHIN, code, language)
}

pub fn purpose(code: &str, language: Language) -> &str {
    say(PURPOSES, code, language)
}

pub fn stage(code: &str, language: Language) -> &str {
    say(STAGES, code, language)
}

pub fn order_status(code: &str, language: Language) -> &str {
    say(ORDER_STATUSES, code, language)
}

pub fn consent_state(code: &str, language: Language) -> &str {
    say(CONSENT_STATES, code, language)
}

pub fn event(name: &str, language: Language) -> &str {
    say(EVENTS, name, language)
}

/// The kind of an identifier: `email`, `buyer:shopee`.
pub fn identifier_kind(kind: &str, language: Language) -> String {
    let (kind, source) = kind.split_once(':').unwrap_or((kind, ""));
    fill(say(IDENTIFIER_KINDS, kind, language), &[("source", source)])
}

/// A turn of a message's log and what it was about: the first is always a sentence, the second may be empty.
pub fn turn(what: &str, detail: &str, language: Language) -> (String, String) {
    let turned = find(TURNS, what, language).or_else(|| find(REASONS, what, language)).unwrap_or(what);
    match what {
        // The engine writes the code before the detail.
        "refused" => {
            let (code, rest) = detail.split_once(' ').unwrap_or((detail, ""));
            (format!("{turned}: {}", reason(code, language)), rest.to_owned())
        }
        "machine_opened" | "machine_clicked" => {
            (format!("{turned}: {}", say(MACHINES, detail, language)), String::new())
        }
        _ => (turned.to_owned(), detail.to_owned()),
    }
}

/// A step of a run in words.
pub fn step(code: &str, params: &str, language: Language) -> String {
    let params: Map<String, Value> = serde_json::from_str(params).unwrap_or_default();
    let shown: Vec<(&str, String)> = params
        .iter()
        .map(|(key, value)| {
            let text = match (key.as_str(), value) {
                (_, Value::Null) => "–".to_owned(),
                ("channel", Value::String(code)) => channel_within(code, language).to_owned(),
                ("event", Value::String(name)) => event(name, language).to_owned(),
                ("until", Value::String(written)) => day_first(written),
                ("path", Value::String(path)) if path == "otherwise" => {
                    language.pick("còn lại", "otherwise").to_owned()
                }
                (_, Value::String(text)) => text.clone(),
                (_, other) => other.to_string(),
            };
            (key.as_str(), text)
        })
        .collect();
    let values: Vec<(&str, &str)> = shown.iter().map(|(key, text)| (*key, text.as_str())).collect();
    fill(say(STEPS, code, language), &values)
}

/// `21/11/2026 09:00` of the `2026-11-21 09:00` that journeys write.
fn day_first(written: &str) -> String {
    let (date, time) = written.split_once(' ').unwrap_or((written, ""));
    match date.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] => format!("{day}/{month}/{year} {time}").trim_end().to_owned(),
        _ => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::consent::{Channel, ConsentState, Purpose};
    use domain::gate::Reason as Gate;
    use engine::RenderFailure;

    const TABLES: &[&[Row]] = &[
        STATES,
        REASONS,
        TURNS,
        MACHINES,
        CHANNELS,
        CHANNELS_WITHIN,
        PURPOSES,
        STAGES,
        ORDER_STATUSES,
        CONSENT_STATES,
        IDENTIFIER_KINDS,
        EVENTS,
        STEPS,
    ];

    fn knows(rows: &[Row], code: &str) -> bool {
        rows.iter().any(|row| row.0 == code)
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let places = |text: &str| {
            let mut found: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split('}').next())
                .map(str::to_owned)
                .collect();
            found.sort();
            found
        };
        for (code, vietnamese, english) in TABLES.iter().flat_map(|table| table.iter()) {
            assert!(!vietnamese.is_empty() && !english.is_empty(), "{code}");
            assert_eq!(places(vietnamese), places(english), "{code}");
        }
        for table in TABLES {
            for (at, row) in table.iter().enumerate() {
                assert!(!knows(&table[at + 1..], row.0), "{} stands twice", row.0);
            }
        }
    }

    #[test]
    fn every_reason_of_the_gate_has_words() {
        let all = [
            Gate::NoAddress,
            Gate::Suppressed,
            Gate::NoConsent,
            Gate::ConsentPending,
            Gate::ConsentDenied,
            Gate::Restricted,
            Gate::Holdout,
            Gate::OutsideHours,
            Gate::Capped,
            Gate::WaitedTooLong,
        ];
        for reason in all {
            // A reason that is new in the domain stops this match from compiling: put it in the list above.
            match reason {
                Gate::NoAddress
                | Gate::Suppressed
                | Gate::Restricted
                | Gate::NoConsent
                | Gate::ConsentPending
                | Gate::ConsentDenied
                | Gate::Holdout
                | Gate::OutsideHours
                | Gate::Capped
                | Gate::WaitedTooLong => assert!(knows(REASONS, reason.code()), "{reason:?}"),
            }
        }
    }

    #[test]
    fn every_failure_of_rendering_has_words() {
        let all = [
            RenderFailure::TemplateMissing,
            RenderFailure::TemplateBroken(String::new()),
            RenderFailure::Missing(Vec::new()),
            RenderFailure::Stopped(String::new()),
        ];
        for failure in all {
            match failure {
                RenderFailure::TemplateMissing
                | RenderFailure::TemplateBroken(_)
                | RenderFailure::Missing(_)
                | RenderFailure::Stopped(_) => assert!(knows(REASONS, failure.code()), "{failure:?}"),
            }
        }
    }

    /// The codes that the engine writes are words between quotation marks: after these beginnings each must be
    /// known here.
    #[test]
    fn every_code_that_the_engine_writes_has_words() {
        let sources = [
            include_str!("../../../engine/src/dispatch.rs"),
            include_str!("../../../engine/src/journeys.rs"),
        ];
        let beginnings = [
            "Fate::Refuse(\"",
            "(\"failed\", \"",
            "(\"queued\", \"",
            "(\"unknown\", \"",
            "let reason = if run.state == RunState::GoalReached { \"",
            "} else { \"",
            "RetryClass::Network => \"",
            "RetryClass::Timeout => \"",
            "RetryClass::Throttled => \"",
            "RetryClass::MailboxFull => \"",
            "RetryClass::Temporary => \"",
            "RejectClass::HardBounce => \"",
            "RejectClass::Policy => \"",
            "RejectClass::TooLarge => \"",
            "RejectClass::Invalid => \"",
            "RejectClass::Refused => \"",
            "CHANNEL_WAIT_MS), \"",
        ];
        let mut checked = 0;
        for source in sources {
            for beginning in beginnings {
                for (at, _) in source.match_indices(beginning) {
                    let code = source[at + beginning.len()..].split('"').next().unwrap();
                    assert!(knows(REASONS, code), "{code:?} after {beginning:?}");
                    checked += 1;
                }
            }
        }
        assert!(checked >= 20, "only {checked} codes were found: the engine says them in another way now");
        for code in ["interrupted", "machine_opened", "machine_clicked", "unsubscribed", "decided"] {
            assert!(knows(REASONS, code) || knows(TURNS, code), "{code}");
        }
    }

    #[test]
    fn closed_sets_of_the_domain_have_words() {
        for channel in Channel::ALL {
            assert!(knows(CHANNELS, channel.as_str()) && knows(CHANNELS_WITHIN, channel.as_str()));
        }
        for purpose in Purpose::ALL {
            assert!(knows(PURPOSES, purpose.as_str()));
        }
        for state in ConsentState::ALL {
            assert!(knows(CONSENT_STATES, state.as_str()));
        }
        for code in domain::journey::Code::ALL {
            assert!(knows(STEPS, code.as_str()), "{code:?}");
        }
        use domain::bots::Reason as Machine;
        for reason in [
            Machine::Honeypot,
            Machine::NotAGet,
            Machine::PrefetchHeader,
            Machine::NoUserAgent,
            Machine::MailPrefetch,
            Machine::KnownAgent,
            Machine::ScannerNetwork,
            Machine::TooSoon,
            Machine::Burst,
        ] {
            assert!(knows(MACHINES, reason.as_str()));
        }
        use domain::profile::LifecycleStage as Stage;
        for stage in [
            Stage::Visitor,
            Stage::Subscriber,
            Stage::Shopper,
            Stage::Customer,
            Stage::RepeatCustomer,
            Stage::Lapsing,
            Stage::Lost,
        ] {
            assert!(knows(STAGES, stage.as_str()));
        }
    }

    #[test]
    fn turns_and_steps_are_sentences() {
        let check = |what: &str, detail: &str, expect: (&str, &str)| {
            let (said, rest) = turn(what, detail, Language::English);
            assert_eq!((said.as_str(), rest.as_str()), expect);
        };
        check(
            "refused",
            "no_consent ",
            ("Not sent: The person has not agreed to marketing on this channel", ""),
        );
        check(
            "refused",
            "value_missing no value for cart",
            ("Not sent: A value that the template needs is missing and has no default", "no value for cart"),
        );
        check("machine_clicked", "burst", ("Link followed by a machine: many links at one time", ""));
        check("clicked", "https://a.vn/", ("Link followed by a person", "https://a.vn/"));
        check("brand_new", "x", ("brand_new", "x"));
        let params = r#"{"event":"Order Completed","until":"2026-11-21 09:00"}"#;
        assert_eq!(step("wait.begun", params, Language::Vietnamese), "Đợi “Đặt hàng” đến 21/11/2026 09:00");
        assert_eq!(step("branch.taken", r#"{"path":"otherwise"}"#, Language::English), "Took path otherwise");
        assert_eq!(step("delay.begun", "broken", Language::English), "Waits until {until}");
    }
}
