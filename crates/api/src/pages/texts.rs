//! Every sentence of the pages, in both languages side by side: a text that is missing in one does not compile.

use super::language::Language;

macro_rules! texts {
    ($($key:ident: $vietnamese:literal, $english:literal;)+) => {
        /// Places such as `{shop}` are filled by [`super::written::fill`].
        pub struct Texts { $(pub $key: &'static str),+ }

        static VIETNAMESE: Texts = Texts { $($key: $vietnamese),+ };
        static ENGLISH: Texts = Texts { $($key: $english),+ };

        #[cfg(test)]
        const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($key), $vietnamese, $english)),+];
    };
}

impl Language {
    pub fn texts(self) -> &'static Texts {
        self.pick(&VIETNAMESE, &ENGLISH)
    }
}

texts! {
    // Every page.
    skip: "Đến nội dung chính", "Skip to the content";
    other_language: "English", "Tiếng Việt";
    sent_with: "Gửi bằng Quaylai, phần mềm giữ khách mã nguồn mở", "Sent with Quaylai, open-source customer retention";
    the_shop: "cửa hàng", "the shop";
    to_shop: "Đến cửa hàng", "Go to the shop";
    missing_title: "Không tìm thấy trang", "Page not found";
    missing_text: "Liên kết này không đúng hoặc không còn dùng được. Có thể nó bị cắt mất một đoạn khi sao chép: hãy mở lại từ tin nhắn gốc.", "This link is wrong or no longer in use. A part of it may have been lost when it was copied: please open it from the message itself.";
    trouble_title: "Có trục trặc", "Something went wrong";
    trouble_text: "Máy chủ chưa làm được việc này. Bạn thử lại sau ít phút nhé.", "The server could not do this just now. Please try again in a few minutes.";

    // Stopping.
    stop_title: "Ngừng nhận tin", "Unsubscribe";
    stop_heading: "Ngừng nhận tin quảng cáo qua {channel}?", "Stop receiving marketing by {channel}?";
    stop_text: "Chỉ cần bấm một lần, không phải đăng nhập. Thông báo về đơn hàng của bạn vẫn được gửi như thường.", "One press is enough, no sign-in needed. Messages about your orders will still reach you.";
    stop_button: "Ngừng nhận tin", "Unsubscribe";
    stop_choose: "Tôi muốn chọn kênh nhận tin", "Let me choose channels instead";
    stopped_heading: "Bạn đã ngừng nhận tin", "You are unsubscribed";
    stopped_text: "{shop} sẽ không gửi tin quảng cáo qua {channel} cho bạn nữa. Bạn không cần làm gì thêm.", "{shop} will send you no more marketing by {channel}. There is nothing else to do.";
    undo_question: "Bấm nhầm?", "Did not mean to?";
    undo_button: "Nhận tin trở lại", "Subscribe again";
    returned_title: "Nhận tin trở lại", "Subscribed again";
    returned_heading: "Mừng bạn quay lại", "Good to have you back";
    returned_text: "{shop} sẽ lại gửi ưu đãi và tin mới qua {channel} cho bạn.", "{shop} will send you offers and news by {channel} again.";
    not_returned_heading: "Chưa có gì thay đổi", "Nothing was changed";
    not_returned_text: "Bạn có thể tự chọn kênh muốn nhận tin ở trang tùy chọn.", "You can choose the channels yourself on the preferences page.";
    to_preferences: "Tùy chọn nhận tin", "Message preferences";

    // Preferences.
    preferences_title: "Tùy chọn nhận tin", "Message preferences";
    preferences_heading: "Bạn muốn nhận tin từ {shop} qua đâu?", "How should {shop} reach you?";
    preferences_text: "Bật kênh bạn muốn nhận ưu đãi và tin mới. Thông báo về đơn hàng luôn được gửi.", "Switch on the channels for offers and news. Messages about your orders are always sent.";
    preferences_legend: "Kênh nhận ưu đãi và tin mới", "Channels for offers and news";
    consent_wording: "Tôi đồng ý nhận ưu đãi và tin mới của {shop} qua {channel}.", "I agree to receive offers and news from {shop} by {channel}.";
    state_granted: "Đang nhận", "On";
    state_pending: "Chờ xác nhận", "To be confirmed";
    state_denied: "Đã ngừng", "Stopped";
    state_none: "Chưa đăng ký", "Not subscribed";
    save: "Lưu lựa chọn", "Save choices";
    stop_all: "Ngừng nhận tất cả", "Unsubscribe from all";
    saved_heading: "Đã lưu lựa chọn của bạn", "Your choices are saved";
    saved_nothing: "Lựa chọn của bạn vẫn như trước.", "Your choices are as before.";
    saved_on: "Sẽ nhận qua {channel}", "On: {channel}";
    saved_off: "Không nhận qua {channel}", "Off: {channel}";
    no_channels: "{shop} hiện không có địa chỉ nào của bạn để gửi tin.", "{shop} holds no address of yours to send anything to.";

    // A message in the browser.
    view_title: "Xem trên trình duyệt", "View in browser";
    expired_heading: "Tin này đã cũ", "This message is old";
    expired_text: "{shop} chỉ lưu nội dung tin trong {days} ngày, sau đó xóa đi. Các liên kết trong tin vẫn dùng được.", "{shop} keeps the words of its messages for {days} days and then deletes them. The links in the message still work.";

    // A hidden link.
    hidden_heading: "Ở đây không có gì", "There is nothing here";
    hidden_text: "Trang này để trống. Bạn có thể đóng lại.", "This page is empty. You can close it.";
    link_heading: "Liên kết này không còn dẫn đến đâu", "This link leads nowhere any more";
    link_text: "Nội dung mà liên kết dẫn đến đã được gỡ.", "What it led to was taken down.";

    // Navigation of the staff.
    nav_label: "Điều hướng chính", "Main";
    nav_outbox: "Hộp thư đi", "Outbox";
    nav_people: "Khách hàng", "People";
    newer: "Về trang đầu", "First page";
    older: "Cũ hơn", "Older";

    // The outbox.
    outbox_title: "Hộp thư đi", "Outbox";
    outbox_lead: "Mọi tin đã quyết định gửi hay không gửi, cùng lý do.", "Every message that was decided on, sent or not, and why.";
    last_day: "24 giờ qua", "last 24 hours";
    sum_accepted: "Đã gửi", "Sent";
    sum_waiting: "Đang chờ", "Waiting";
    sum_refused: "Không gửi", "Not sent";
    sum_failed: "Gửi lỗi", "Failed";
    filter_label: "Lọc tin", "Filter messages";
    filter_person: "Khách: tên, email, số điện thoại", "Person: name, e-mail, phone";
    filter_state: "Trạng thái", "State";
    filter_channel: "Kênh", "Channel";
    filter_any: "Tất cả", "All";
    filter_button: "Lọc", "Filter";
    filter_clear: "Bỏ lọc", "Clear";
    live_on: "Tự cập nhật", "Live";
    live_is_on: "Đang tự cập nhật · tắt", "Live · turn off";
    column_time: "Lúc", "Time";
    column_person: "Khách hàng", "Person";
    column_channel: "Kênh", "Channel";
    column_message: "Tin", "Message";
    column_state: "Trạng thái và lý do", "State and reason";
    nameless: "Khách chưa có tên", "Nameless visitor";
    gone_person: "Khách đã xóa", "Deleted person";
    origin_journey: "Kịch bản {journey}", "Journey {journey}";
    origin_api: "Gửi qua API", "Sent by API";
    origin_test: "Gửi thử", "Test";
    origin_staff: "Báo nhân viên", "Notice to staff";
    outbox_empty_heading: "Chưa có tin nào", "No messages yet";
    outbox_empty_text: "Tin xuất hiện ở đây khi một kịch bản đang chạy đi đến bước gửi, hoặc khi chương trình của cửa hàng gọi API gửi tin. Tin không được gửi cũng nằm ở đây, kèm lý do.", "Messages appear here when an active journey comes to a send step, or when one of the shop's programs asks for one through the API. What was not sent is here too, with the reason.";
    outbox_none_heading: "Không có tin nào khớp", "No message matches";
    outbox_none_text: "Thử bỏ bớt điều kiện lọc. Tên khách tìm được cả khi gõ không dấu.", "Try fewer conditions. Names are found without their tone marks too.";

    // One message.
    message_title: "Chi tiết tin", "Message";
    message_no_subject: "(không có tiêu đề)", "(no subject)";
    envelope: "Phong bì", "Envelope";
    to: "Đến", "To";
    purpose: "Mục đích", "Purpose";
    decided: "Quyết định lúc", "Decided";
    due: "Đến hạn gửi", "Due";
    attempts: "Số lần thử", "Attempts";
    accepted_at: "Bên nhận chấp nhận", "Accepted";
    provider_id: "Mã bên nhận", "Provider's id";
    template: "Mẫu tin", "Template";
    template_version: "{template}, bản {version}", "{template}, version {version}";
    journey: "Kịch bản", "Journey";
    detail: "Chi tiết", "Detail";
    preview: "Nội dung đã gửi", "As it was sent";
    preview_frame: "Nội dung tin", "The message";
    width_wide: "Máy tính", "Desktop";
    width_narrow: "Điện thoại", "Phone";
    body_none: "Nội dung đã được xóa theo thời hạn lưu của cửa hàng.", "The words were deleted when the time for which the shop keeps them was over.";
    text_part: "Phần chữ", "Text part";
    links: "Liên kết trong tin", "Links";
    links_none: "Tin này không có liên kết nào.", "There are no links in it.";
    log: "Nhật ký", "Log";
    log_none: "Chưa có gì trong nhật ký.", "Nothing in the log yet.";
    responses: "Phản hồi", "Responses";
    responses_people: "Người", "People";
    responses_machines: "Máy", "Machines";
    responses_opens: "Mở", "Opens";
    responses_clicks: "Bấm", "Clicks";
    responses_note: "Máy là bộ lọc thư, trình xem trước và chương trình quét liên kết; chúng không được tính là khách.", "Machines are mail filters, previews and link scanners; they are not counted as customers.";
    responses_stopped: "Ngừng nhận tin lúc {at}", "Unsubscribed {at}";
    run: "Lượt chạy kịch bản", "Journey run";
    run_none: "Tin này không thuộc kịch bản nào.", "This message belongs to no journey.";
    run_state_active: "Đang chạy", "Under way";
    run_state_completed: "Đã đi hết", "Completed";
    run_state_exited: "Đã rời", "Left";
    run_state_goal_reached: "Đạt mục tiêu", "Goal reached";
    run_state_failed: "Gặp lỗi", "Failed";
    run_since: "từ {at}", "since {at}";

    // People.
    people_title: "Khách hàng", "People";
    people_lead: "{count} hồ sơ", "{count} profiles";
    people_search: "Tìm khách: tên, email, số điện thoại, mã", "Search: name, e-mail, phone, id";
    people_button: "Tìm", "Search";
    people_empty_heading: "Chưa có khách nào", "Nobody here yet";
    people_empty_text: "Hồ sơ hiện ra khi trang của cửa hàng gửi sự kiện đầu tiên (identify, track, page) bằng khóa ghi.", "Profiles appear with the first event (identify, track, page) that the shop's site sends with a write key.";
    people_none_heading: "Không tìm thấy ai", "Nobody found";
    people_none_text: "Thử gõ ít chữ hơn, hoặc tìm theo số điện thoại hay email.", "Try fewer letters, or look by phone number or e-mail.";
    column_stage: "Giai đoạn", "Stage";
    column_bought: "Đã mua", "Bought";
    bought: "{count} đơn · {amount}", "{count} orders · {amount}";
    bought_once: "1 đơn · {amount}", "1 order · {amount}";
    bought_nothing: "Chưa mua", "Nothing yet";
    column_seen: "Thấy lần cuối", "Last seen";
    number_orders: "Đơn hàng", "Orders";
    number_revenue: "Doanh thu", "Revenue";
    number_average: "Trung bình một đơn", "Average order";
    number_last: "Đơn gần nhất", "Last order";
    days_ago: "{days} ngày trước", "{days} days ago";
    today: "hôm nay", "today";
    identifiers: "Định danh", "Identifiers";
    attributes: "Thuộc tính", "Attributes";
    tags: "Nhãn", "Tags";
    consents: "Sự đồng ý", "Consents";
    consents_none: "Chưa có sự đồng ý nào. Tin quảng cáo sẽ không được gửi cho người này.", "No consent yet. No marketing will be sent to this person.";
    consent_proof: "Bằng chứng", "Proof";
    consent_source: "nguồn {source}", "source {source}";
    cart: "Giỏ hàng", "Cart";
    cart_none: "Giỏ hàng đang trống.", "The cart is empty.";
    cart_since: "Sửa lần cuối {at}", "Last changed {at}";
    cart_left: "Bỏ lại từ {at}", "Left {at}";
    orders: "Đơn hàng", "Orders";
    orders_none: "Chưa có đơn hàng nào.", "No orders yet.";
    order_refunded: "hoàn {amount}", "{amount} refunded";
    timeline: "Dòng thời gian", "Timeline";
    timeline_none: "Chưa có sự kiện nào.", "No events yet.";
    timeline_older: "Sự kiện cũ hơn", "Older events";
    timeline_past: "nhập từ trước", "imported";
    runs: "Kịch bản đã qua", "Journeys";
    runs_none: "Chưa vào kịch bản nào.", "In no journey so far.";
    messages: "Tin nhắn", "Messages";
    messages_none: "Chưa có tin nào cho người này.", "No messages for this person.";
    merged: "Gộp từ {count} hồ sơ khác", "Merged from {count} other profiles";
    since: "Khách từ {at}", "Known since {at}";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn both_languages_say_everything() {
        for (key, vietnamese, english) in PAIRS {
            assert!(!vietnamese.trim().is_empty() && !english.trim().is_empty(), "{key}");
            assert_eq!(places(vietnamese), places(english), "{key} names other things in each language");
        }
    }
}
