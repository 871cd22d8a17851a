use serde::Serialize;

/// The shop that stands on the templates' footers and on the setup screens. Invented, on a reserved domain
/// (RFC 2606: `.example` is never delegated), so nothing the demo does can reach a stranger.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Shop {
    pub name: &'static str,
    pub slogan: &'static str,
    pub address: &'static str,
    pub province: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub url: &'static str,
    /// E-mail addresses of made-up customers end in this domain.
    pub customer_email_domain: &'static str,
    pub currency: &'static str,
    pub time_zone: &'static str,
    pub locale: &'static str,
    /// The one accent colour of its messages and pages, as CSS writes it.
    pub accent_color: &'static str,
}

pub const SHOP: Shop = Shop {
    name: "Nắng Lụa",
    slogan: "Vải mát, dáng mềm, may ở Việt Nam",
    address: "Số 9 ngõ Tơ Tằm, phường Thuận Hóa, thành phố Huế",
    province: "Huế",
    email: "chao@demo.quaylai.example",
    phone: "0510 000 000",
    url: "https://demo.quaylai.example",
    customer_email_domain: "demo.quaylai.example",
    currency: "VND",
    time_zone: "Asia/Ho_Chi_Minh",
    locale: "vi-VN",
    accent_color: "#B4532A",
};

pub fn shop() -> Shop {
    SHOP
}
