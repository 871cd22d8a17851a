//! What receivers ask of a domain's mail beyond its records: one-click unsubscribe (RFC 8058), and that the sender, the
//! signature and the return path belong together (alignment, RFC 7489, 3.1), each in words with what to do.

use super::domains::{RecordView, signs_for, tag};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that receivers look at.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct DomainCheck {
    /// `one_click`, `from`, `dkim_alignment`, `return_path_alignment` or `dmarc`.
    pub code: &'static str,
    /// `passed`, `failed`, `warning` for what is delivered all the same, or `unchecked` where it cannot be told from
    /// here or was not asked yet.
    pub state: &'static str,
    /// What is so, and what to do, in English and in Vietnamese.
    pub message: String,
    pub message_vi: String,
    /// What to put into the DNS, where that mends it.
    pub record: Option<DomainCheckRecord>,
}

#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct DomainCheckRecord {
    /// `TXT`.
    pub kind: String,
    pub name: String,
    /// Empty where only the shop's mail provider knows it.
    pub value: String,
}

/// What is known of a domain and of the e-mail channel.
pub struct Facts<'a> {
    pub domain: &'a str,
    /// Whose name the channel bears; `smtp` is the one whose mail is signed here.
    pub provider: &'a str,
    /// The domain of the sender; `None`: no channel yet.
    pub from: Option<&'a str>,
    /// The domain that undeliverable mail goes back to, as the channel says.
    pub return_path: Option<&'a str>,
    /// Whether links of messages lead to an address with TLS.
    pub is_https: bool,
    pub records: &'a [RecordView],
}

fn check(code: &'static str, state: &'static str, message: String, message_vi: String) -> DomainCheck {
    DomainCheck { code, state, message, message_vi, record: None }
}

impl Facts<'_> {
    fn record(&self, purpose: &str) -> Option<&RecordView> {
        self.records.iter().find(|record| record.purpose == purpose)
    }

    fn state_of(&self, purpose: &str) -> &str {
        self.record(purpose).map_or("unchecked", |record| record.state.as_str())
    }

    /// Whether the domain's policy asks for equal names (`adkim=s`, `aspf=s`), not only for related ones.
    fn is_strict(&self, mode: &str) -> bool {
        let found = self.record("dmarc").filter(|record| record.state == "ok");
        let mut modes = found.iter().flat_map(|record| &record.found).filter_map(|text| tag(text, mode));
        modes.any(|mode| mode.eq_ignore_ascii_case("s"))
    }

    /// Whether two names belong together for who does not ask for equal ones. Names that only share an owner further
    /// up than the sending domain are not told to be related: that needs the list of public suffixes.
    fn are_related(&self, one: &str, other: &str) -> bool {
        signs_for(one, other)
            || signs_for(other, one)
            || (signs_for(self.domain, one) && signs_for(self.domain, other))
    }

    /// The check with the record that belongs into the DNS, judged by what was found there.
    fn by_record(&self, purpose: &str, mut check: DomainCheck) -> DomainCheck {
        let Some(record) = self.record(purpose) else { return check };
        let (state, message, vi) = match record.state.as_str() {
            "ok" => return check,
            "unchecked" => (
                "unchecked",
                "The record below belongs into the DNS; it was not looked up yet.",
                "Bản ghi dưới đây cần có trong DNS; chưa được tra.",
            ),
            "unknown" => (
                "unchecked",
                "The record below belongs into the DNS; no name server answered, check again later.",
                "Bản ghi dưới đây cần có trong DNS; máy chủ tên miền không trả lời, hãy kiểm tra lại sau.",
            ),
            "several" => (
                "failed",
                "The DNS holds several such records, so that none counts: keep one.",
                "DNS có nhiều bản ghi loại này nên không bản nào được tính: chỉ giữ lại một.",
            ),
            "different" => (
                "failed",
                "The DNS holds another one: change it to the record below.",
                "DNS đang có bản ghi khác: hãy đổi thành bản ghi dưới đây.",
            ),
            _ => (
                "failed",
                "The DNS does not hold the record below: put it there, then check again.",
                "DNS chưa có bản ghi dưới đây: hãy thêm vào rồi kiểm tra lại.",
            ),
        };
        check.state = state;
        check.message = format!("{} {message}", check.message);
        check.message_vi = format!("{} {vi}", check.message_vi);
        check.record = Some(DomainCheckRecord {
            kind: record.kind.clone(),
            name: record.name.clone(),
            value: record.value.clone(),
        });
        check
    }

    fn one_click(&self, is_used: bool) -> DomainCheck {
        let of = |state, message: &str, vi: &str| check("one_click", state, message.into(), vi.into());
        if !self.is_https {
            return of(
                "failed",
                "One-click unsubscribe needs links that begin with https: set the public address of Quaylai to one.",
                "Hủy đăng ký một chạm cần đường dẫn https: hãy đặt địa chỉ công khai của Quaylai bắt đầu bằng https.",
            );
        }
        if self.provider != "smtp" {
            return of(
                "unchecked",
                "Advertisements carry List-Unsubscribe and List-Unsubscribe-Post. Your mail provider signs them: look \
                 into the source of a received one whether h= of its DKIM-Signature names both.",
                "Thư quảng cáo có List-Unsubscribe và List-Unsubscribe-Post. Nhà cung cấp ký thư: hãy xem mã nguồn một \
                 thư đã nhận, phần h= của DKIM-Signature có nêu cả hai không.",
            );
        }
        if !is_used {
            return of(
                "failed",
                "Advertisements carry List-Unsubscribe and List-Unsubscribe-Post, but this domain does not sign them, \
                 so receivers may not count them.",
                "Thư quảng cáo có List-Unsubscribe và List-Unsubscribe-Post, nhưng tên miền này không ký chúng, nên bên \
                 nhận có thể không tính.",
            );
        }
        of(
            "passed",
            "Advertisements carry List-Unsubscribe and List-Unsubscribe-Post, and both are in h= of our DKIM signature.",
            "Thư quảng cáo có List-Unsubscribe và List-Unsubscribe-Post, cả hai đều nằm trong h= của chữ ký DKIM.",
        )
    }

    fn dkim(&self, from: &str) -> DomainCheck {
        let (code, domain) = ("dkim_alignment", self.domain);
        if self.provider != "smtp" {
            return check(
                code,
                "unchecked",
                format!(
                    "Your mail provider signs. Verify {domain} there and put the records it names into the DNS, so \
                     that d= of its signature is {domain} and not a name of its own."
                ),
                format!(
                    "Nhà cung cấp ký thư. Hãy xác minh {domain} ở đó và thêm các bản ghi họ nêu vào DNS, để d= của chữ \
                     ký là {domain} chứ không phải tên của họ."
                ),
            );
        }
        if self.is_strict("adkim") && from != domain {
            return check(
                code,
                "failed",
                format!(
                    "Your DMARC record asks for equal names (adkim=s), and mail from {from} is signed with \
                     d={domain}. Write adkim=r there, or add {from} as a sending domain."
                ),
                format!(
                    "Bản ghi DMARC đòi tên trùng hẳn (adkim=s), còn thư từ {from} được ký với d={domain}. Hãy đổi thành \
                     adkim=r, hoặc thêm {from} làm tên miền gửi."
                ),
            );
        }
        let passed = check(
            code,
            "passed",
            format!("Mail from {from} is signed with d={domain}, which belongs to the sender."),
            format!("Thư từ {from} được ký với d={domain}, khớp với người gửi."),
        );
        self.by_record("dkim", passed)
    }

    fn return_path(&self, from: &str) -> DomainCheck {
        let code = "return_path_alignment";
        if self.provider != "smtp" {
            return check(
                code,
                "unchecked",
                format!(
                    "Your mail provider chooses the return path. Where it offers one of your own (custom MAIL FROM, \
                     return path), take a name below {from}."
                ),
                format!(
                    "Nhà cung cấp chọn địa chỉ trả về. Nếu họ cho đặt riêng (custom MAIL FROM, return path), hãy dùng \
                     một tên dưới {from}."
                ),
            );
        }
        let path = self.return_path.unwrap_or(from);
        let (is_aligned, what, vi) = if self.is_strict("aspf") {
            (
                path == from,
                "is not the sender's, as your DMARC record asks (aspf=s)",
                "không trùng người gửi (aspf=s)",
            )
        } else {
            (
                self.are_related(path, from),
                "does not belong to the sender",
                "không thuộc tên miền của người gửi",
            )
        };
        if !is_aligned {
            return check(
                code,
                "warning",
                format!(
                    "Mail goes back to {path}, which {what} {from}: SPF does not count for DMARC, and the signature \
                     has to do it alone. Let mail return to an address at {from}."
                ),
                format!(
                    "Thư trả về {path}, {vi} {from}: SPF không được tính cho DMARC, chỉ còn chữ ký DKIM. Hãy cho thư \
                     trả về một địa chỉ tại {from}."
                ),
            );
        }
        let passed = check(
            code,
            "passed",
            format!("Mail goes back to {path}, which belongs to the sender {from}."),
            format!("Thư trả về {path}, khớp với người gửi {from}."),
        );
        self.by_record("spf", passed)
    }

    fn dmarc(&self, aligned: [&str; 2]) -> DomainCheck {
        let policy = self.record("dmarc").into_iter().flat_map(|record| &record.found);
        let policy = policy.filter_map(|text| tag(text, "p")).next().unwrap_or_default();
        let of = |state, message: String, vi: String| check("dmarc", state, message, vi);
        let found = match self.state_of("dmarc") {
            "ok" if aligned.contains(&"passed") => of(
                "passed",
                format!("The domain has a DMARC policy (p={policy}), and its mail passes it."),
                format!("Tên miền có chính sách DMARC (p={policy}) và thư đạt chính sách này."),
            ),
            "ok" if aligned.contains(&"unchecked") => of(
                "unchecked",
                format!("The domain has a DMARC policy (p={policy}); whether its mail passes is not known yet."),
                format!("Tên miền có chính sách DMARC (p={policy}); chưa biết thư có đạt không."),
            ),
            "ok" => of(
                "failed",
                format!(
                    "The domain has a DMARC policy (p={policy}), and its mail fails it: neither the signature nor the \
                     return path belongs to the sender. Mend one of them as said above."
                ),
                format!(
                    "Tên miền có chính sách DMARC (p={policy}) nhưng thư không đạt: cả chữ ký lẫn địa chỉ trả về đều \
                     không khớp người gửi. Hãy sửa một trong hai như trên."
                ),
            ),
            _ => of(
                "passed",
                "Gmail and Yahoo ask for a DMARC record of whoever sends much; p=none is enough to begin with.".into(),
                "Gmail và Yahoo đòi bản ghi DMARC với ai gửi nhiều; p=none là đủ để bắt đầu.".into(),
            ),
        };
        self.by_record("dmarc", found)
    }

    /// What receivers would find.
    pub fn checks(&self) -> Vec<DomainCheck> {
        let domain = self.domain;
        let Some(from) = self.from else {
            return vec![check(
                "from",
                "unchecked",
                format!("Set the e-mail channel up with a sender at {domain} first."),
                format!("Hãy thiết lập kênh email với người gửi tại {domain} trước."),
            )];
        };
        if !signs_for(domain, from) {
            let unused = check(
                "from",
                "failed",
                format!(
                    "The e-mail channel sends from {from}, which this domain does not sign. Send from an address at \
                     {domain}, or add {from} as a sending domain."
                ),
                format!(
                    "Kênh email gửi từ {from}, tên miền này không ký. Hãy gửi từ một địa chỉ tại {domain}, hoặc thêm \
                     {from} làm tên miền gửi."
                ),
            );
            return vec![self.one_click(false), unused];
        }
        let used = check(
            "from",
            "passed",
            format!("The e-mail channel sends from {from}."),
            format!("Kênh email gửi từ {from}."),
        );
        let (dkim, return_path) = (self.dkim(from), self.return_path(from));
        let dmarc = self.dmarc([dkim.state, return_path.state]);
        vec![self.one_click(true), used, dkim, return_path, dmarc]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(dkim: &str, spf: &str, dmarc: &str, found: &str) -> Vec<RecordView> {
        let of = |purpose: &str, state: &str, found: &str| RecordView {
            purpose: purpose.into(),
            kind: "TXT".into(),
            name: format!("{purpose}.shop.vn"),
            value: format!("v={purpose}"),
            state: state.into(),
            found: vec![found.to_owned()],
            is_optional: false,
        };
        vec![of("dkim", dkim, ""), of("spf", spf, ""), of("dmarc", dmarc, found)]
    }

    fn states(facts: &Facts<'_>) -> Vec<(&'static str, &'static str)> {
        facts.checks().iter().map(|check| (check.code, check.state)).collect()
    }

    const NONE: &str = "v=DMARC1; p=none";

    #[test]
    fn alignment_is_judged_as_receivers_do() {
        let check = |from: &str, path: Option<&str>, found: &str, expect: [&str; 3]| {
            let records = records("ok", "ok", "ok", found);
            let facts = Facts {
                domain: "shop.vn",
                provider: "smtp",
                from: Some(from),
                return_path: path,
                is_https: true,
                records: &records,
            };
            let found = states(&facts);
            let codes = ["dkim_alignment", "return_path_alignment", "dmarc"];
            assert_eq!(found[0], ("one_click", "passed"));
            assert_eq!(found[2..], codes.into_iter().zip(expect).collect::<Vec<_>>(), "{from} {path:?}");
        };
        check("shop.vn", None, NONE, ["passed"; 3]);
        check("shop.vn", Some("bounce.shop.vn"), NONE, ["passed"; 3]);
        check("mail.shop.vn", Some("bounce.shop.vn"), NONE, ["passed"; 3]);
        check("shop.vn", Some("relay.example"), NONE, ["passed", "warning", "passed"]);
        check("shop.vn", Some("myshop.vn"), NONE, ["passed", "warning", "passed"]);
        let strict = "v=DMARC1; p=reject; adkim=s; aspf=S";
        check("shop.vn", Some("shop.vn"), strict, ["passed"; 3]);
        check("shop.vn", Some("bounce.shop.vn"), strict, ["passed", "warning", "passed"]);
        check("mail.shop.vn", None, strict, ["failed", "passed", "passed"]);
        check("mail.shop.vn", Some("shop.vn"), strict, ["failed", "warning", "failed"]);
    }

    #[test]
    fn what_fails_says_what_to_put_into_the_dns() {
        let records = records("missing", "unchecked", "several", "");
        let facts = Facts {
            domain: "shop.vn",
            provider: "smtp",
            from: Some("shop.vn"),
            return_path: None,
            is_https: true,
            records: &records,
        };
        let checks = facts.checks();
        let found: Vec<_> = checks.iter().map(|check| check.state).collect();
        assert_eq!(found, ["passed", "passed", "failed", "unchecked", "failed"]);
        for check in &checks[2..] {
            let record = check.record.as_ref().unwrap_or_else(|| panic!("{check:?}"));
            assert!(record.name.ends_with(".shop.vn") && !record.value.is_empty());
        }
        assert!(checks[2].message.contains("d=shop.vn") && checks[2].message_vi.contains("d=shop.vn"));
        let other = Facts { from: Some("other.vn"), ..facts };
        assert_eq!(states(&other), [("one_click", "failed"), ("from", "failed")]);
        let plain = Facts { is_https: false, from: Some("shop.vn"), ..other };
        assert_eq!(states(&plain)[0], ("one_click", "failed"));
        let ses = Facts { is_https: true, provider: "ses", ..plain };
        let of_ses: Vec<_> = states(&ses).into_iter().map(|(_, state)| state).collect();
        assert_eq!(of_ses, ["unchecked", "passed", "unchecked", "unchecked", "failed"]);
        assert_eq!(states(&Facts { from: None, ..ses }), [("from", "unchecked")]);
    }
}
