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
    saved_topic_on: "Nhận tin về {topic}", "Messages about {topic}";
    saved_topic_off: "Không nhận tin về {topic}", "No messages about {topic}";
    saved_pause: "Tạm ngừng nhận tin quảng cáo đến hết ngày {until}", "No marketing until {until}";
    saved_resume: "Nhận tin quảng cáo trở lại", "Marketing again";
    saved_language: "Tin nhắn và trang này bằng tiếng Việt", "Messages and this page in English";
    topics_legend: "Chủ đề bạn quan tâm", "Topics you care about";
    often_legend: "Bao lâu một lần", "How often";
    often_all: "Mỗi khi có tin mới", "Whenever there is news";
    often_weekly: "Nhiều nhất mỗi tuần một tin", "At most once a week";
    often_monthly: "Nhiều nhất mỗi tháng một tin", "At most once a month";
    language_legend: "Ngôn ngữ", "Language";
    pause: "Tạm ngừng 30 ngày", "Pause for 30 days";
    resume: "Nhận tin trở lại ngay", "End the pause now";
    paused_until: "Bạn đang tạm ngừng nhận tin quảng cáo đến hết ngày {until}.", "You get no marketing until {until}.";
    no_channels: "{shop} hiện không có địa chỉ nào của bạn để gửi tin.", "{shop} holds no address of yours to send anything to.";

    // Confirming a sign-up.
    confirm_title: "Xác nhận đăng ký", "Confirm sign-up";
    confirm_heading: "Bạn muốn nhận tin từ {shop}?", "Do you want messages from {shop}?";
    confirm_text: "Nếu không phải bạn đăng ký, hãy đóng trang này. Không bấm nút nghĩa là từ chối.", "If it was not you who signed up, close this page. Not pressing the button means no.";
    confirm_button: "Đúng, tôi đồng ý", "Yes, I agree";
    confirmed_heading: "Cảm ơn bạn đã xác nhận", "Thank you for confirming";
    confirmed_text: "{shop} sẽ gửi ưu đãi và tin mới qua {channel} cho bạn. Bạn có thể ngừng bất cứ lúc nào.", "{shop} will send you offers and news by {channel}. You can stop at any time.";
    not_confirmed_heading: "Lời mời này đã hết hạn", "This question is no longer open";
    not_confirmed_text: "Quá 24 giờ không có trả lời, chúng tôi hiểu là bạn từ chối. Nếu bạn muốn nhận tin, hãy tự bật ở trang tùy chọn.", "After 24 hours without an answer we take it as a no. If you want messages, switch them on yourself on the preferences page.";

    // A message in the browser.
    view_title: "Xem trên trình duyệt", "View in browser";
    expired_heading: "Tin này đã cũ", "This message is old";
    expired_text: "{shop} chỉ lưu nội dung tin trong {days} ngày, sau đó xóa đi. Các liên kết trong tin vẫn dùng được.", "{shop} keeps the words of its messages for {days} days and then deletes them. The links in the message still work.";

    // A hidden link.
    hidden_heading: "Ở đây không có gì", "There is nothing here";
    hidden_text: "Trang này để trống. Bạn có thể đóng lại.", "This page is empty. You can close it.";
    link_heading: "Liên kết này không còn dẫn đến đâu", "This link leads nowhere any more";
    link_text: "Nội dung mà liên kết dẫn đến đã được gỡ.", "What it led to was taken down.";
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
