//! What a message costs by the shop's own price table, before anybody has billed it.
//!
//! Networks bill text messages by part, by class and by the recipient's network; Zalo bills by what its template is
//! for. Prices are agreed between a shop and its provider, so none is built in: 0 stands for "not known", and then
//! nothing is reckoned rather than something wrong.

use crate::delivery::{Content, MessageClass};
use crate::normalise::phone::{Carrier, carrier_hint};
use crate::settings::Texting;
use crate::sms;
use serde::{Deserialize, Serialize};

/// All in minor units of the shop's currency; 0: not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    pub sms: SmsPrices,
    pub zns: ZnsPrices,
    /// A thousand e-mails.
    pub email_per_thousand: i64,
}

/// One part of a text message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmsPrices {
    pub care: PartPrices,
    pub advertising: PartPrices,
}

/// One part, by the network that a Vietnamese number was handed out by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartPrices {
    /// For every network without a price of its own, and for numbers of other countries.
    pub any: i64,
    pub viettel: i64,
    pub vinaphone: i64,
    pub mobifone: i64,
    /// The other networks of Vietnam.
    pub other: i64,
}

/// One message by a template of Zalo. As third parties tell, Zalo's list of 2026 is 200, 300 and another 200 đồng.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZnsPrices {
    pub transaction: i64,
    /// Requests of payment, and vouchers.
    pub payment: i64,
    /// What a picture adds.
    pub image: i64,
}

/// What a template of Zalo is for, as far as the price knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZnsClass {
    #[default]
    Transaction,
    /// A request of payment, or a voucher.
    Payment,
}

/// A message as far as its price knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Priced<'a> {
    Sms {
        /// E.164. Numbers move between networks and keep their prefix, so the network is a guess.
        to: &'a str,
        class: MessageClass,
        parts: usize,
    },
    Zns {
        class: ZnsClass,
        has_image: bool,
    },
    Email,
}

impl<'a> Priced<'a> {
    /// What is about to be handed to a channel. A template of Zalo counts as a transaction without a picture: who
    /// knows the template better asks for its own price. `None`: a kind of message that nobody bills.
    pub fn of(content: &Content, to: &'a str) -> Option<Priced<'a>> {
        match content {
            Content::Email(_) => Some(Priced::Email),
            Content::Text(text) => {
                Some(Priced::Sms { to, class: text.class, parts: sms::measure(&text.body).parts })
            }
            Content::Template(_) => Some(Priced::Zns { class: ZnsClass::Transaction, has_image: false }),
            Content::Webhook(_) | Content::Rich(_) | Content::Push(_) => None,
        }
    }
}

impl Prices {
    /// Each price with its path in the settings.
    pub fn named(&self) -> [(&'static str, i64); 14] {
        let Prices { sms: SmsPrices { care, advertising }, zns, email_per_thousand } = *self;
        [
            ("texting.prices.sms.care.any", care.any),
            ("texting.prices.sms.care.viettel", care.viettel),
            ("texting.prices.sms.care.vinaphone", care.vinaphone),
            ("texting.prices.sms.care.mobifone", care.mobifone),
            ("texting.prices.sms.care.other", care.other),
            ("texting.prices.sms.advertising.any", advertising.any),
            ("texting.prices.sms.advertising.viettel", advertising.viettel),
            ("texting.prices.sms.advertising.vinaphone", advertising.vinaphone),
            ("texting.prices.sms.advertising.mobifone", advertising.mobifone),
            ("texting.prices.sms.advertising.other", advertising.other),
            ("texting.prices.zns.transaction", zns.transaction),
            ("texting.prices.zns.payment", zns.payment),
            ("texting.prices.zns.image", zns.image),
            ("texting.prices.email_per_thousand", email_per_thousand),
        ]
    }
}

/// What one message costs, in minor units of the shop's currency; `None` when the table does not know.
pub fn price_of(message: &Priced<'_>, texting: &Texting) -> Option<i64> {
    price_of_many(message, 1, texting)
}

/// What so many such messages cost together: cheap ones, such as e-mails, round to nothing one by one.
pub fn price_of_many(message: &Priced<'_>, count: u64, texting: &Texting) -> Option<i64> {
    let prices = &texting.prices;
    let count = i64::try_from(count).ok()?;
    match *message {
        Priced::Sms { to, class, parts } => {
            let table = match class {
                MessageClass::Care => &prices.sms.care,
                MessageClass::Advertising => &prices.sms.advertising,
            };
            let part = first_known([table.of_network(to), table.any, texting.sms_part_price])?;
            part.checked_mul(i64::try_from(parts).ok()?)?.checked_mul(count)
        }
        Priced::Zns { class, has_image } => {
            let own = match class {
                ZnsClass::Transaction => prices.zns.transaction,
                ZnsClass::Payment => prices.zns.payment,
            };
            let image = if has_image { prices.zns.image.max(0) } else { 0 };
            first_known([own, texting.zns_price, 0])?.checked_add(image)?.checked_mul(count)
        }
        Priced::Email => {
            let thousand = first_known([prices.email_per_thousand, 0, 0])?;
            // Half a unit counts as one.
            Some(thousand.checked_mul(count)?.checked_add(500)? / 1_000)
        }
    }
}

impl PartPrices {
    fn of_network(&self, to: &str) -> i64 {
        match carrier_hint(to) {
            Some(Carrier::Viettel) => self.viettel,
            Some(Carrier::Vinaphone) => self.vinaphone,
            Some(Carrier::Mobifone) => self.mobifone,
            Some(Carrier::Vietnamobile | Carrier::Gmobile | Carrier::Itel | Carrier::Wintel) => self.other,
            None if to.starts_with("+84") => self.other,
            None => 0,
        }
    }
}

fn first_known(prices: [i64; 3]) -> Option<i64> {
    prices.into_iter().find(|price| *price > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{PushContent, TemplateContent, TextContent};

    const VIETTEL: &str = "+84961234567";
    const VINAPHONE: &str = "+84911234567";
    const MOBIFONE: &str = "+84901234567";
    const GMOBILE: &str = "+84991234567";
    const ABROAD: &str = "+14155550100";

    fn table() -> Texting {
        Texting {
            sms_part_price: 700,
            zns_price: 250,
            prices: Prices {
                sms: SmsPrices {
                    care: PartPrices { any: 800, viettel: 850, vinaphone: 820, ..PartPrices::default() },
                    advertising: PartPrices { mobifone: 390, other: 500, ..PartPrices::default() },
                },
                zns: ZnsPrices { transaction: 200, payment: 300, image: 200 },
                email_per_thousand: 12_500,
            },
            ..Texting::default()
        }
    }

    #[test]
    fn a_text_costs_by_class_network_and_part() {
        use MessageClass::{Advertising, Care};
        let check = |to, class, parts, expect| {
            assert_eq!(price_of(&Priced::Sms { to, class, parts }, &table()), Some(expect), "{to} {class:?}");
        };
        check(VIETTEL, Care, 1, 850);
        check(VIETTEL, Care, 3, 2_550);
        check(VINAPHONE, Care, 2, 1_640);
        check(MOBIFONE, Care, 1, 800);
        check(GMOBILE, Care, 1, 800);
        check(ABROAD, Care, 1, 800);
        check(MOBIFONE, Advertising, 2, 780);
        check(GMOBILE, Advertising, 1, 500);
        // The advertising table has neither the network nor a price for any: the one price of old.
        check(VIETTEL, Advertising, 1, 700);
        check(ABROAD, Advertising, 1, 700);
        check(VIETTEL, Care, 0, 0);
    }

    #[test]
    fn a_message_of_zalo_costs_by_what_it_is_for() {
        let check = |class, has_image, expect| {
            assert_eq!(price_of(&Priced::Zns { class, has_image }, &table()), Some(expect));
        };
        check(ZnsClass::Transaction, false, 200);
        check(ZnsClass::Transaction, true, 400);
        check(ZnsClass::Payment, false, 300);
        check(ZnsClass::Payment, true, 500);
        let mut old = table();
        old.prices = Prices::default();
        let payment = Priced::Zns { class: ZnsClass::Payment, has_image: true };
        assert_eq!(price_of(&payment, &old), Some(250));
    }

    #[test]
    fn mail_is_bought_by_the_thousand() {
        assert_eq!(price_of(&Priced::Email, &table()), Some(13));
        assert_eq!(price_of_many(&Priced::Email, 1_000, &table()), Some(12_500));
        assert_eq!(price_of_many(&Priced::Email, 40, &table()), Some(500));
        // A hundred cents a thousand: one mail rounds to nothing, a campaign does not.
        let mut cents = table();
        cents.prices.email_per_thousand = 100;
        assert_eq!(
            (price_of(&Priced::Email, &cents), price_of_many(&Priced::Email, 5_000, &cents)),
            (Some(0), Some(500))
        );
    }

    #[test]
    fn what_is_not_known_is_not_reckoned() {
        let nothing = Texting::default();
        for message in [
            Priced::Sms { to: VIETTEL, class: MessageClass::Care, parts: 1 },
            Priced::Zns { class: ZnsClass::Transaction, has_image: true },
            Priced::Email,
        ] {
            assert_eq!(price_of(&message, &nothing), None, "{message:?}");
        }
        let endless = Priced::Sms { to: VIETTEL, class: MessageClass::Care, parts: usize::MAX };
        assert_eq!(price_of(&endless, &table()), None);
    }

    #[test]
    fn what_is_handed_over_has_its_price() {
        let text = Content::Text(TextContent { body: "ư".repeat(71), class: MessageClass::Care });
        assert_eq!(price_of(&Priced::of(&text, VIETTEL).unwrap(), &table()), Some(1_700));
        let zns = Content::Template(TemplateContent { template_id: "1".into(), parameters: [].into() });
        assert_eq!(price_of(&Priced::of(&zns, VIETTEL).unwrap(), &table()), Some(200));
        assert_eq!(Priced::of(&Content::Push(PushContent::default()), ""), None);
    }
}
