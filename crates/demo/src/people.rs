use crate::chance::{Weighted, between, mix, normal};
use crate::shop::SHOP;
use crate::text::without_marks;
use kit::Rng;
use std::sync::LazyLock;

/// Where a consent lets the shop write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Channel {
    Email,
    Sms,
    Zalo,
}

impl Channel {
    pub const fn code(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::Zalo => "zalo",
        }
    }
}

/// What a consent lets the shop write about, or do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Purpose {
    Marketing,
    Transactional,
    Profiling,
}

impl Purpose {
    pub const fn code(self) -> &'static str {
        match self {
            Purpose::Marketing => "marketing",
            Purpose::Transactional => "transactional",
            Purpose::Profiling => "profiling",
        }
    }
}

/// One yes of one person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Consent {
    pub channel: Channel,
    pub purpose: Purpose,
}

impl Consent {
    /// The sentence that the person agreed to, kept as proof: it tells content, form and frequency, as the law asks.
    pub const fn wording(self) -> &'static str {
        match (self.purpose, self.channel) {
            (Purpose::Marketing, Channel::Email) => {
                "Tôi đồng ý nhận email giới thiệu sản phẩm và ưu đãi của Nắng Lụa, tối đa 3 email mỗi tuần; tôi có thể hủy bất cứ lúc nào."
            }
            (Purpose::Marketing, Channel::Sms) => {
                "Tôi đồng ý nhận tin nhắn SMS quảng cáo của Nắng Lụa, tối đa 4 tin mỗi tháng; soạn TC để từ chối."
            }
            (Purpose::Marketing, Channel::Zalo) => {
                "Tôi đồng ý nhận tin ưu đãi của Nắng Lụa qua Zalo, tối đa 4 tin mỗi tháng; tôi có thể tắt bất cứ lúc nào."
            }
            (Purpose::Transactional, _) => {
                "Tôi đồng ý nhận thông báo về đơn hàng của mình (xác nhận, giao hàng, đổi trả)."
            }
            (Purpose::Profiling, _) => {
                "Tôi đồng ý để Nắng Lụa ghi nhận hành vi xem và mua hàng của tôi nhằm gợi ý sản phẩm phù hợp; tôi có thể rút lại bất cứ lúc nào."
            }
        }
    }
}

/// What somebody browses with: its browser's line and whether it is held in the hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Device {
    pub kind: usize,
}

pub const USER_AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
];

/// A made-up customer: everything that does not change while time passes.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    /// From 0; every id of the person follows from it.
    pub no: u64,
    pub user_id: String,
    /// In Vietnamese order: family, middle, given.
    pub name: String,
    pub family_name: &'static str,
    pub given_name: String,
    pub is_female: bool,
    /// A few never told it.
    pub gender_told: bool,
    /// `1994-03-27`, or `None` for those who left the field empty.
    pub birthday: Option<String>,
    pub email: Option<String>,
    /// As the person typed it: `0511234567`, `+84511234567` or `051 123 4567`.
    pub phone: Option<String>,
    pub province: &'static str,
    pub ward: &'static str,
    /// In the north, the middle or the south: how far the parcel travels from Huế.
    pub is_near: bool,
    /// One to three, the first is the one that finds the shop.
    pub devices: Vec<Device>,
    /// Empty for about 15 of 100.
    pub consents: Vec<Consent>,
}

impl Person {
    /// Person `no` of this seed's world. The same at every call, so nothing about people needs to be kept.
    pub fn of(seed: u64, no: u64) -> Person {
        let mut rng = Rng::seeded(mix(seed ^ 0x7065_6F70_6C65, no));
        let rng = &mut rng;
        let is_female = rng.chance(0.8);
        let (name, family_name, given_name) = draw_name(rng, is_female);
        let (province, ward, is_near) = draw_home(rng);
        // Born around 1994: the shop's customers are mostly between 22 and 45.
        let year = (1994.0 + 8.5 * normal(rng)).round().clamp(1958.0, 2007.0) as i64;
        let (month, day) = (between(rng, 1, 12), between(rng, 1, 28));
        let birthday = rng.chance(0.88).then(|| format!("{year}-{month:02}-{day:02}"));
        let gender_told = rng.chance(0.93);
        let has_email = rng.chance(0.93);
        let has_phone = !has_email || rng.chance(0.9);
        let email = has_email.then(|| email_of(&given_name, family_name, no, rng));
        let phone = has_phone.then(|| phone_of(no, rng));
        let device_kinds = Weighted::new([46.0, 27.0, 20.0, 7.0]);
        let device_count = 1 + usize::from(rng.chance(0.44)) + usize::from(rng.chance(0.09));
        let devices = (0..device_count).map(|_| Device { kind: device_kinds.draw(rng) }).collect();
        let consents = draw_consents(rng, has_email, has_phone);
        Person {
            no,
            user_id: format!("KH{:07}", no + 1),
            name,
            family_name,
            given_name,
            is_female,
            gender_told,
            birthday,
            email,
            phone,
            province,
            ward,
            is_near,
            devices,
            consents,
        }
    }
}

fn draw_consents(rng: &mut Rng, has_email: bool, has_phone: bool) -> Vec<Consent> {
    if rng.chance(0.15) {
        return Vec::new();
    }
    let mut consents = Vec::new();
    let mut ask = |channel, purpose, probability: f64, rng: &mut Rng| {
        if rng.chance(probability) {
            consents.push(Consent { channel, purpose });
        }
    };
    if has_email {
        ask(Channel::Email, Purpose::Transactional, 1.0, rng);
        ask(Channel::Email, Purpose::Marketing, 0.8, rng);
    }
    if has_phone {
        ask(Channel::Sms, Purpose::Transactional, if has_email { 0.75 } else { 1.0 }, rng);
        ask(Channel::Sms, Purpose::Marketing, 0.36, rng);
        ask(Channel::Zalo, Purpose::Transactional, 0.6, rng);
        ask(Channel::Zalo, Purpose::Marketing, 0.44, rng);
    }
    // Profiling is one yes for the person, asked where the shop would write first.
    ask(if has_email { Channel::Email } else { Channel::Zalo }, Purpose::Profiling, 0.62, rng);
    consents
}

fn email_of(given: &str, family: &str, no: u64, rng: &mut Rng) -> String {
    let flat = |text: &str| without_marks(text).to_lowercase().replace(' ', "");
    let (given, family) = (flat(given), flat(family));
    // The number keeps two people of one name apart, as it does at real mail services.
    let local = match rng.below(3) {
        0 => format!("{given}.{family}{no}"),
        1 => format!("{family}{given}{no}"),
        _ => format!("{given}{no}"),
    };
    format!("{local}@{}", SHOP.customer_email_domain)
}

/// A mobile number that is valid in form but, as far as the public lists of prefixes show, sold by no carrier: 051.
/// Different people have different numbers up to ten million.
fn phone_of(no: u64, rng: &mut Rng) -> String {
    // The factor shares no divisor with 10^7, so this is a permutation.
    let subscriber = (no.wrapping_mul(7_654_321) + 1_234_567) % 10_000_000;
    let national = format!("51{subscriber:07}");
    match rng.below(10) {
        0..=6 => format!("0{national}"),
        7 | 8 => format!("+84{national}"),
        _ => format!("0{} {} {}", &national[..2], &national[2..5], &national[5..]),
    }
}

fn draw_name(rng: &mut Rng, is_female: bool) -> (String, &'static str, String) {
    static FAMILIES: LazyLock<Weighted> =
        LazyLock::new(|| Weighted::new(FAMILY_NAMES.iter().map(|(_, w)| *w)));
    let family = FAMILY_NAMES[FAMILIES.draw(rng)].0;
    let (middles, givens) = if is_female { (FEMALE_MIDDLE, FEMALE_GIVEN) } else { (MALE_MIDDLE, MALE_GIVEN) };
    let choose = |rng: &mut Rng, list: &'static [&'static str]| rng.pick(list).copied().unwrap_or("An");
    let given = choose(rng, givens);
    // Many are called by two words ("Minh Anh"); others have a middle name between.
    if rng.chance(0.45) {
        let first = choose(rng, DOUBLE_FIRST);
        let double = if first == given { given.to_owned() } else { format!("{first} {given}") };
        let middle = if is_female && rng.chance(0.3) { "Thị " } else { "" };
        return (format!("{family} {middle}{double}"), family, double);
    }
    let middle = choose(rng, middles);
    let name =
        if middle == given { format!("{family} {given}") } else { format!("{family} {middle} {given}") };
    (name, family, given.to_owned())
}

fn draw_home(rng: &mut Rng) -> (&'static str, &'static str, bool) {
    static HOMES: LazyLock<Weighted> = LazyLock::new(|| Weighted::new(PROVINCES.iter().map(|p| p.1)));
    let (province, _, wards) = PROVINCES[HOMES.draw(rng)];
    let ward = rng.pick(wards).copied().unwrap_or_default();
    let is_near = matches!(province, "Huế" | "Đà Nẵng" | "Quảng Trị" | "Hà Tĩnh" | "Quảng Ngãi" | "Nghệ An");
    (province, ward, is_near)
}

/// Family names and roughly how many of a hundred people bear them.
const FAMILY_NAMES: [(&str, f64); 20] = [
    ("Nguyễn", 34.0),
    ("Trần", 11.0),
    ("Lê", 10.0),
    ("Phạm", 7.0),
    ("Hoàng", 4.0),
    ("Huỳnh", 4.0),
    ("Phan", 4.0),
    ("Vũ", 3.5),
    ("Võ", 3.5),
    ("Đặng", 2.5),
    ("Bùi", 2.5),
    ("Đỗ", 2.0),
    ("Hồ", 1.6),
    ("Ngô", 1.6),
    ("Dương", 1.4),
    ("Lý", 1.0),
    ("Đinh", 0.9),
    ("Mai", 0.7),
    ("Trương", 1.4),
    ("Tạ", 0.6),
];

const FEMALE_MIDDLE: &[&str] = &[
    "Thị",
    "Thị",
    "Thị",
    "Thị Thu",
    "Thị Ngọc",
    "Ngọc",
    "Thanh",
    "Thùy",
    "Kim",
    "Bích",
    "Mỹ",
    "Như",
    "Hoài",
    "Diệu",
];
const FEMALE_GIVEN: &[&str] = &[
    "Anh", "Hương", "Lan", "Linh", "Mai", "Trang", "Thảo", "Hà", "Ngân", "Nhung", "Yến", "Hạnh", "Vy",
    "Trâm", "Thư", "My", "Quỳnh", "Châu", "Chi", "Dung", "Hằng", "Hiền", "Hoa", "Huyền", "Khánh", "Loan",
    "Ly", "Nga", "Nhi", "Phương", "Thủy", "Tiên", "Trinh", "Tuyết", "Uyên", "Vân", "Xuân", "Ngọc", "Giang",
    "Duyên",
];
const MALE_MIDDLE: &[&str] = &[
    "Văn", "Văn", "Hữu", "Đức", "Quang", "Minh", "Công", "Thành", "Anh", "Đình", "Quốc", "Xuân", "Trọng",
    "Gia",
];
const MALE_GIVEN: &[&str] = &[
    "Hùng", "Dũng", "Tuấn", "Nam", "Long", "Hải", "Sơn", "Bình", "Cường", "Đạt", "Hiếu", "Huy", "Khoa",
    "Khôi", "Lâm", "Minh", "Phúc", "Quân", "Tài", "Thắng", "Thịnh", "Tín", "Toàn", "Trí", "Trung", "Tú",
    "Việt", "Vinh", "Khang", "Nhân",
];
const DOUBLE_FIRST: &[&str] = &[
    "Minh", "Bảo", "Khánh", "Phương", "Ngọc", "Thanh", "Hoàng", "Gia", "Tường", "An", "Hải", "Kim", "Quỳnh",
    "Thiên", "Đan", "Mai",
];

/// The 34 units of 2025, their share of the shop's parcels in percent, and a few of each one's wards.
const PROVINCES: [(&str, f64, &[&str]); 34] = [
    (
        "Hồ Chí Minh",
        25.0,
        &[
            "Phường Sài Gòn",
            "Phường Bến Thành",
            "Phường Gò Vấp",
            "Phường Bình Thạnh",
            "Phường Phú Nhuận",
            "Phường Thủ Đức",
            "Phường Tân Bình",
            "Phường Chợ Lớn",
            "Phường Thủ Dầu Một",
            "Phường Vũng Tàu",
        ],
    ),
    (
        "Hà Nội",
        17.0,
        &[
            "Phường Ba Đình",
            "Phường Hoàn Kiếm",
            "Phường Tây Hồ",
            "Phường Nghĩa Đô",
            "Phường Láng",
            "Phường Bồ Đề",
            "Phường Ô Chợ Dừa",
        ],
    ),
    ("Đà Nẵng", 5.5, &["Phường Hải Châu", "Phường Thanh Khê", "Phường Sơn Trà", "Phường Tam Kỳ"]),
    ("Đồng Nai", 4.8, &["Phường Trấn Biên", "Phường Tam Hiệp", "Phường Long Bình", "Phường Đồng Xoài"]),
    ("Hải Phòng", 4.4, &["Phường Hải Dương", "Phường Lê Thanh Nghị", "Phường Chí Linh"]),
    ("Huế", 4.2, &["Phường Thuận Hóa", "Phường Vỹ Dạ", "Phường Phú Xuân", "Phường Kim Long"]),
    ("Cần Thơ", 3.2, &["Phường Ninh Kiều", "Phường Cái Răng", "Phường Bình Thủy"]),
    ("Bắc Ninh", 3.0, &["Phường Bắc Giang", "Phường Vũ Ninh", "Phường Việt Yên"]),
    ("Quảng Ninh", 2.6, &["Phường Hạ Long", "Phường Bãi Cháy", "Phường Hồng Gai"]),
    ("Khánh Hòa", 2.5, &["Phường Nha Trang", "Phường Cam Ranh", "Phường Phan Rang"]),
    ("Lâm Đồng", 2.4, &["Phường Xuân Hương - Đà Lạt", "Phường Phan Thiết", "Phường Mũi Né"]),
    ("Thanh Hóa", 2.2, &["Phường Hạc Thành", "Phường Sầm Sơn", "Phường Bỉm Sơn"]),
    ("Nghệ An", 2.1, &["Phường Thành Vinh", "Phường Trường Vinh", "Phường Cửa Lò"]),
    ("Ninh Bình", 2.0, &["Phường Hà Nam", "Phường Phủ Lý", "Phường Duy Tiên"]),
    ("Phú Thọ", 1.8, &["Phường Việt Trì", "Phường Vĩnh Yên", "Phường Hòa Bình"]),
    ("Hưng Yên", 1.7, &["Phường Phố Hiến", "Phường Thái Bình", "Phường Mỹ Hào"]),
    ("Đắk Lắk", 1.6, &["Phường Buôn Ma Thuột", "Phường Tuy Hòa", "Phường Buôn Hồ"]),
    ("Gia Lai", 1.6, &["Phường Quy Nhơn", "Phường An Nhơn", "Phường Bồng Sơn"]),
    ("Tây Ninh", 1.5, &["Phường Tân Ninh", "Phường Long An", "Phường Trảng Bàng"]),
    ("An Giang", 1.4, &["Phường Long Xuyên", "Phường Rạch Giá", "Phường Châu Đốc"]),
    ("Đồng Tháp", 1.3, &["Phường Cao Lãnh", "Phường Mỹ Tho", "Phường Gò Công"]),
    ("Vĩnh Long", 1.3, &["Phường Bến Tre", "Phường Trà Vinh", "Phường Long Châu"]),
    ("Thái Nguyên", 1.2, &["Phường Phan Đình Phùng", "Phường Sông Công", "Phường Bắc Kạn"]),
    ("Quảng Trị", 1.2, &["Phường Đồng Hới", "Phường Đông Hà", "Phường Ba Đồn"]),
    ("Quảng Ngãi", 1.1, &["Phường Cẩm Thành", "Phường Kon Tum", "Phường Đức Phổ"]),
    ("Hà Tĩnh", 0.9, &["Phường Thành Sen", "Phường Trần Phú", "Phường Sông Trí"]),
    ("Cà Mau", 0.9, &["Phường Bạc Liêu", "Phường Tân Thành", "Phường An Xuyên"]),
    ("Lào Cai", 0.6, &["Phường Lào Cai", "Phường Yên Bái", "Phường Sa Pa"]),
    ("Tuyên Quang", 0.4, &["Phường Minh Xuân", "Phường Hà Giang 1", "Phường Nông Tiến"]),
    ("Lạng Sơn", 0.4, &["Phường Đông Kinh", "Phường Tam Thanh"]),
    ("Sơn La", 0.4, &["Phường Tô Hiệu", "Phường Mộc Châu"]),
    ("Cao Bằng", 0.2, &["Phường Thục Phán", "Phường Tân Giang"]),
    ("Điện Biên", 0.2, &["Phường Điện Biên Phủ", "Phường Mường Thanh"]),
    ("Lai Châu", 0.2, &["Phường Tân Phong", "Phường Đoàn Kết"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn people_are_the_same_at_every_call_and_differ_from_each_other() {
        assert_eq!(Person::of(3, 41), Person::of(3, 41));
        assert_ne!(Person::of(3, 41).name, Person::of(4, 41).name);
        let people: Vec<Person> = (0..5_000).map(|no| Person::of(1, no)).collect();
        let addresses: BTreeSet<_> = people.iter().filter_map(|p| p.email.as_ref()).collect();
        assert_eq!(addresses.len(), people.iter().filter(|p| p.email.is_some()).count());
        let shares = |holds: fn(&Person) -> bool| people.iter().filter(|p| holds(p)).count() as f64 / 5_000.0;
        let check = |what: &str, share: f64, range: std::ops::Range<f64>| {
            assert!(range.contains(&share), "{what}: {share}");
        };
        check("without consent", shares(|p| p.consents.is_empty()), 0.13..0.17);
        check("several devices", shares(|p| p.devices.len() > 1), 0.44..0.54);
        check("in Hồ Chí Minh", shares(|p| p.province == "Hồ Chí Minh"), 0.22..0.28);
        check("female", shares(|p| p.is_female), 0.77..0.83);
        assert!(people.iter().all(|p| p.email.is_some() || p.phone.is_some()));
        let provinces: BTreeSet<_> = people.iter().map(|p| p.province).collect();
        assert_eq!(provinces.len(), 34);
    }

    #[test]
    fn addresses_and_numbers_are_safe_and_well_formed() {
        for no in [0, 1, 77, 19_999, 299_999, 8_000_000] {
            let person = Person::of(9, no);
            if let Some(email) = &person.email {
                assert!(email.is_ascii() && email.ends_with("@demo.quaylai.example"), "{email}");
            }
            if let Some(phone) = &person.phone {
                let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
                let national = digits.strip_prefix("84").or(digits.strip_prefix('0')).unwrap();
                assert!(national.len() == 9 && national.starts_with("51"), "{phone}");
            }
        }
    }
}
