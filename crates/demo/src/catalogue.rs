use crate::text::slug;
use serde::Serialize;

/// What kind of thing a product is; it decides its season, its sizes and its picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    AoDai,
    Shirt,
    Blouse,
    Tee,
    Jacket,
    Dress,
    Skirt,
    Trousers,
    Homewear,
    StrawBag,
    Hat,
    Scarf,
    Shoes,
    Accessory,
}

impl Category {
    pub const ALL: [Category; 14] = [
        Category::AoDai,
        Category::Shirt,
        Category::Blouse,
        Category::Tee,
        Category::Jacket,
        Category::Dress,
        Category::Skirt,
        Category::Trousers,
        Category::Homewear,
        Category::StrawBag,
        Category::Hat,
        Category::Scarf,
        Category::Shoes,
        Category::Accessory,
    ];

    /// The name on the shop's shelves.
    pub const fn title(self) -> &'static str {
        match self {
            Category::AoDai => "Áo dài",
            Category::Shirt => "Áo sơ mi",
            Category::Blouse => "Áo kiểu",
            Category::Tee => "Áo thun",
            Category::Jacket => "Áo khoác & áo len",
            Category::Dress => "Đầm",
            Category::Skirt => "Chân váy",
            Category::Trousers => "Quần",
            Category::Homewear => "Đồ mặc nhà",
            Category::StrawBag => "Túi cói",
            Category::Hat => "Nón & mũ",
            Category::Scarf => "Khăn",
            Category::Shoes => "Giày & dép",
            Category::Accessory => "Phụ kiện",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Category::AoDai => "AD",
            Category::Shirt => "SM",
            Category::Blouse => "AK",
            Category::Tee => "AT",
            Category::Jacket => "KH",
            Category::Dress => "DA",
            Category::Skirt => "CV",
            Category::Trousers => "QU",
            Category::Homewear => "MN",
            Category::StrawBag => "TC",
            Category::Hat => "NO",
            Category::Scarf => "KL",
            Category::Shoes => "GI",
            Category::Accessory => "PK",
        }
    }

    /// The variants a customer chooses from; empty for things of one size.
    pub const fn variants(self) -> &'static [&'static str] {
        match self {
            Category::StrawBag | Category::Hat | Category::Scarf | Category::Accessory => &[],
            Category::Shoes => &["36", "37", "38", "39", "40"],
            _ => &["S", "M", "L", "XL"],
        }
    }

    /// How well it sells in a month (1..=12) beside its own average year.
    pub fn season(self, month: i8) -> f64 {
        let cool = matches!(month, 10..=12 | 1 | 2);
        let hot = matches!(month, 4..=8);
        match self {
            Category::AoDai => match month {
                1 => 2.6,
                2 => 1.6,
                3 => 1.5,
                10..=12 => 1.3,
                _ => 0.55,
            },
            Category::Jacket if cool => 2.2,
            Category::Jacket => 0.25,
            Category::Scarf if cool => 1.5,
            Category::Scarf => 0.7,
            Category::Dress | Category::Hat | Category::StrawBag | Category::Shirt if hot => 1.4,
            Category::Hat | Category::StrawBag => 0.6,
            _ => 1.0,
        }
    }
}

/// One thing the shop sells. Money is whole đồng (the minor unit of VND).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Product {
    /// `ad-001`: what events and the feed call it.
    pub product_id: String,
    /// `NL-AD-001`: what is printed on its label.
    pub sku: String,
    pub name: String,
    pub category: Category,
    pub category_title: &'static str,
    pub brand: &'static str,
    pub price_minor: i64,
    /// What the shop pays for it, sewing included.
    pub cost_minor: i64,
    pub currency: &'static str,
    /// Below the shop's own domain: `/san-pham/ao-dai-lua-to-tam-ha-do`.
    pub url_path: String,
    /// Served by the demo out of [`crate::product_image_svg`].
    pub image_path: String,
    pub stock: u32,
    /// The colour of its picture, as CSS writes it.
    pub color: &'static str,
}

/// The shop's whole range, in shelf order. Always the same.
pub fn catalogue() -> Vec<Product> {
    let mut products = Vec::with_capacity(128);
    for (category, rows) in SHELVES {
        for (at, (name, brand, thousands, color)) in rows.iter().enumerate() {
            let code = category.code();
            let number = at + 1;
            let price_minor = thousands * 1_000;
            // 38-52 % of the price, by place on the shelf, so that margins differ between products.
            let cost_percent = 38 + (at as i64 * 7 + category as i64 * 3) % 15;
            let product_id = format!("{}-{number:03}", code.to_ascii_lowercase());
            products.push(Product {
                sku: format!("NL-{code}-{number:03}"),
                name: (*name).to_owned(),
                category,
                category_title: category.title(),
                brand,
                price_minor,
                cost_minor: price_minor * cost_percent / 100 / 1_000 * 1_000,
                currency: "VND",
                url_path: format!("/san-pham/{}", slug(name)),
                image_path: format!("/demo/img/{product_id}.svg"),
                // A few are sold out (0), most have some dozens.
                stock: match (at * 5 + category as usize * 3) % 17 {
                    0 => 0,
                    1 => 3,
                    n => 12 + 11 * n as u32,
                },
                color,
                product_id,
            });
        }
    }
    products
}

// The shop's own lines. None is a registered brand that we know of; all are invented for the demo.
const HOUSE: &str = "Nắng Lụa";
const SILK: &str = "Tơ Xưa";
const LINEN: &str = "Mây Thưa";
const DRESS: &str = "Hạ Vàng";
const CRAFT: &str = "Cói Nhà";
const SHOE: &str = "Bước Êm";

const RED: &str = "#A63A32";
const ROSE: &str = "#D9899A";
const SAND: &str = "#D8C3A0";
const CLAY: &str = "#B4532A";
const MOSS: &str = "#6F7F4F";
const JADE: &str = "#4F8A7B";
const SKY: &str = "#7FA6C4";
const INDIGO: &str = "#3E4A73";
const PLUM: &str = "#7A4867";
const GOLD: &str = "#D6A441";
const IVORY: &str = "#EFE6D2";
const INK: &str = "#3A3634";

/// Name, line, price in thousands of đồng, colour.
type Row = (&'static str, &'static str, i64, &'static str);

const SHELVES: [(Category, &[Row]); 14] = [
    (
        Category::AoDai,
        &[
            ("Áo dài lụa tơ tằm Hạ Đỏ", SILK, 1_899, RED),
            ("Áo dài lụa tơ tằm Sen Hồng", SILK, 1_899, ROSE),
            ("Áo dài gấm cổ thuyền Phú Quý", SILK, 1_699, GOLD),
            ("Áo dài cách tân tay lỡ Mai Vàng", SILK, 899, GOLD),
            ("Áo dài cách tân linen Cỏ May", LINEN, 799, SAND),
            ("Áo dài chiffon in hoa Thược Dược", SILK, 999, PLUM),
            ("Áo dài nhung đỏ đô Đoàn Viên", SILK, 1_499, RED),
            ("Áo dài trắng nữ sinh Tan Trường", HOUSE, 549, IVORY),
            ("Áo dài lụa vẽ tay Chim Hạc", SILK, 2_499, JADE),
            ("Áo dài lụa Bảo Lộc Sương Mai", SILK, 2_199, SKY),
            ("Áo dài bé gái Tết Sum Vầy", HOUSE, 459, RED),
            ("Áo dài nam cổ đứng Trúc Xanh", SILK, 1_199, INDIGO),
        ],
    ),
    (
        Category::Shirt,
        &[
            ("Áo sơ mi linen trắng Sớm Mai", LINEN, 459, IVORY),
            ("Áo sơ mi linen cổ tàu Gió Nồm", LINEN, 479, SAND),
            ("Áo sơ mi linen tay lỡ Bến Sông", LINEN, 439, SKY),
            ("Áo sơ mi linen oversize Mây Trôi", LINEN, 499, IVORY),
            ("Áo sơ mi lụa cổ nơ Công Sở", SILK, 559, ROSE),
            ("Áo sơ mi kẻ sọc Hiên Nhà", HOUSE, 389, SKY),
            ("Áo sơ mi cotton nhuộm chàm Bản Nhỏ", LINEN, 529, INDIGO),
            ("Áo sơ mi đũi cộc tay Trưa Hè", LINEN, 369, MOSS),
            ("Áo sơ mi nam linen Đồng Quê", LINEN, 489, SAND),
            ("Áo sơ mi nam cổ trụ Phố Cũ", LINEN, 469, INK),
        ],
    ),
    (
        Category::Blouse,
        &[
            ("Áo kiểu tay phồng Bưởi Non", DRESS, 359, ROSE),
            ("Áo kiểu cổ yếm lụa Trăng Rằm", SILK, 429, GOLD),
            ("Áo kiểu đũi thêu hoa Cúc Họa Mi", LINEN, 399, IVORY),
            ("Áo kiểu nhún eo Giàn Thiên Lý", DRESS, 379, MOSS),
            ("Áo hai dây lụa satin Đêm Hội", SILK, 289, INK),
            ("Áo bà ba cách tân Bông Điên Điển", SILK, 459, PLUM),
            ("Áo kiểu trễ vai Biển Lặng", DRESS, 349, SKY),
            ("Áo peplum ren Mộc Lan", DRESS, 419, IVORY),
        ],
    ),
    (
        Category::Tee,
        &[
            ("Áo thun cotton trơn Mỗi Ngày", HOUSE, 179, IVORY),
            ("Áo thun in Chợ Nổi", HOUSE, 219, SKY),
            ("Áo thun in Xích Lô", HOUSE, 219, CLAY),
            ("Áo thun polo nữ Sân Đình", HOUSE, 259, MOSS),
            ("Áo thun tay dài Heo May", HOUSE, 239, SAND),
            ("Áo ba lỗ gân tăm Giếng Làng", HOUSE, 139, INK),
            ("Áo thun croptop Nắng Nghịch", HOUSE, 169, GOLD),
            ("Áo thun đôi Mình Về Nhà", HOUSE, 389, RED),
        ],
    ),
    (
        Category::Jacket,
        &[
            ("Áo khoác linen dáng dài Lối Nhỏ", LINEN, 729, SAND),
            ("Áo blazer đũi Thứ Hai", LINEN, 799, INK),
            ("Áo len mỏng cổ tim Đà Lạt Mưa", HOUSE, 429, PLUM),
            ("Áo cardigan dệt kim Sương Sớm", HOUSE, 459, ROSE),
            ("Áo len cổ lọ Chớm Đông", HOUSE, 489, CLAY),
            ("Áo khoác chống nắng Qua Cầu", HOUSE, 329, SKY),
            ("Áo khoác trần bông Ngõ Nhỏ", HOUSE, 859, MOSS),
            ("Áo gile dệt kim Ấm Trà", HOUSE, 379, GOLD),
        ],
    ),
    (
        Category::Dress,
        &[
            ("Đầm linen suông Trưa Hoa Giấy", DRESS, 629, ROSE),
            ("Đầm maxi voan Biển Gọi", DRESS, 699, SKY),
            ("Đầm sơ mi thắt eo Thư Viện", DRESS, 589, IVORY),
            ("Đầm hai dây lụa Hoàng Hôn", SILK, 649, CLAY),
            ("Đầm xòe cổ vuông Vườn Cau", DRESS, 599, MOSS),
            ("Đầm ôm dệt kim Phố Đêm", DRESS, 549, INK),
            ("Đầm babydoll Kẹo Dừa", DRESS, 459, IVORY),
            ("Đầm dự tiệc satin Nguyệt Quế", SILK, 1_199, JADE),
            ("Đầm linen cổ sen bé gái Hạt Nắng", LINEN, 359, GOLD),
            ("Đầm bầu linen Chờ Con", LINEN, 569, SAND),
            ("Đầm hoa nhí tay bồng Chợ Phiên", DRESS, 529, RED),
            ("Đầm yếm denim Rong Chơi", HOUSE, 519, INDIGO),
        ],
    ),
    (
        Category::Skirt,
        &[
            ("Chân váy linen xếp ly Đồi Chè", LINEN, 429, MOSS),
            ("Chân váy midi hoa Đào Phai", DRESS, 399, ROSE),
            ("Chân váy chữ A đũi Cà Phê Sáng", LINEN, 359, CLAY),
            ("Chân váy satin dáng dài Ánh Trăng", SILK, 459, SAND),
            ("Chân váy quấn nhuộm chàm Suối Bạc", LINEN, 489, INDIGO),
            ("Chân váy tầng Gánh Hàng Hoa", DRESS, 439, GOLD),
            ("Chân váy bút chì Họp Sáng", HOUSE, 379, INK),
        ],
    ),
    (
        Category::Trousers,
        &[
            ("Quần linen ống rộng Đồng Lúa", LINEN, 469, SAND),
            ("Quần linen lưng thun Thong Thả", LINEN, 429, IVORY),
            ("Quần culottes đũi Phố Hội", LINEN, 399, MOSS),
            ("Quần tây ống đứng Giờ Hành Chính", HOUSE, 449, INK),
            ("Quần jean ống suông Xe Đạp Cũ", HOUSE, 499, INDIGO),
            ("Quần lụa mặc áo dài Tơ Mềm", SILK, 349, IVORY),
            ("Quần short linen Bãi Sau", LINEN, 289, SKY),
            ("Quần yếm linen Xưởng Gốm", LINEN, 599, CLAY),
            ("Quần nam linen Chiều Quê", LINEN, 489, SAND),
            ("Quần legging cotton Sớm Tập", HOUSE, 229, INK),
        ],
    ),
    (
        Category::Homewear,
        &[
            ("Bộ mặc nhà lụa Ngủ Ngon", SILK, 459, ROSE),
            ("Bộ pijama đũi Mưa Rào", LINEN, 399, SKY),
            ("Bộ mặc nhà cotton Bếp Ấm", HOUSE, 319, GOLD),
            ("Đồ bộ lanh Bà Ngoại", HOUSE, 289, PLUM),
            ("Áo choàng lụa Sau Tắm", SILK, 529, IVORY),
            ("Váy ngủ hai dây Mơ Trưa", SILK, 329, JADE),
        ],
    ),
    (
        Category::StrawBag,
        &[
            ("Túi cói quai da Chợ Sớm", CRAFT, 389, SAND),
            ("Túi cói thêu hoa Sen Hạ", CRAFT, 429, ROSE),
            ("Túi cói tròn Mặt Trời", CRAFT, 349, GOLD),
            ("Túi tote cói Bãi Biển", CRAFT, 459, SAND),
            ("Giỏ cói nắp gập Dã Ngoại", CRAFT, 519, CLAY),
            ("Clutch lục bình Dạ Tiệc", CRAFT, 329, INK),
            ("Túi tote vải bố Sách Cũ", CRAFT, 199, IVORY),
            ("Túi đeo chéo mây tre Hội An", CRAFT, 559, CLAY),
        ],
    ),
    (
        Category::Hat,
        &[
            ("Nón lá bài thơ Sông Hương", CRAFT, 129, IVORY),
            ("Nón lá vẽ tay Hoa Phượng", CRAFT, 189, RED),
            ("Mũ cói rộng vành Cát Trắng", CRAFT, 259, SAND),
            ("Mũ bucket linen Cuối Tuần", LINEN, 199, MOSS),
            ("Mũ nồi len Thu Hà Nội", HOUSE, 219, PLUM),
            ("Khăn vấn nhung Cô Ba", SILK, 249, RED),
        ],
    ),
    (
        Category::Scarf,
        &[
            ("Khăn lụa tơ tằm 90 × 90 Sen Tây Hồ", SILK, 689, ROSE),
            ("Khăn lụa tơ tằm 90 × 90 Chim Lạc", SILK, 689, GOLD),
            ("Khăn lụa bản dài Ráng Chiều", SILK, 559, CLAY),
            ("Khăn lụa buộc tay Nơ Xinh", SILK, 159, SKY),
            ("Khăn choàng đũi Nhuộm Trà", LINEN, 299, SAND),
            ("Khăn len mỏng Gió Mùa", HOUSE, 329, INDIGO),
            ("Khăn rằn cotton Miền Tây", HOUSE, 119, INK),
        ],
    ),
    (
        Category::Shoes,
        &[
            ("Giày búp bê da mềm Hẻm Nhỏ", SHOE, 529, INK),
            ("Giày mules gót thấp Sài Gòn Mưa", SHOE, 559, SAND),
            ("Sandal quai mảnh Biển Chiều", SHOE, 489, CLAY),
            ("Sandal đế cói Bến Cảng", SHOE, 459, SAND),
            ("Guốc mộc quai nhung Cô Tấm", SHOE, 389, RED),
            ("Dép lê da bò Dạo Phố", SHOE, 359, CLAY),
            ("Giày vải thêu Đồng Nội", SHOE, 429, MOSS),
            ("Giày cao gót mũi vuông Dạ Hội", SHOE, 699, PLUM),
            ("Giày thể thao trắng Thong Dong", SHOE, 649, IVORY),
        ],
    ),
    (
        Category::Accessory,
        &[
            ("Kẹp tóc lụa Bươm Bướm", HOUSE, 89, ROSE),
            ("Dây buộc tóc lụa (bộ 3) Kẹo Ngọt", SILK, 119, GOLD),
            ("Trâm cài tóc gỗ mun Cổ Phong", CRAFT, 159, INK),
            ("Bông tai gốm men lam Giọt Nước", CRAFT, 189, INDIGO),
            ("Vòng cổ hạt sen Thanh Tịnh", CRAFT, 219, JADE),
            ("Thắt lưng cói bản to Eo Thon", CRAFT, 229, SAND),
            ("Tất cổ lửng (bộ 3) Bốn Mùa", HOUSE, 99, MOSS),
            ("Bờm vải bản to Xuân Thì", HOUSE, 129, RED),
            ("Hộp quà lụa Gửi Thương", HOUSE, 79, RED),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_range_is_complete_and_priced_like_a_shop() {
        let products = catalogue();
        assert_eq!(products.len(), 120);
        let unique = |key: fn(&Product) -> &str| products.iter().map(key).collect::<BTreeSet<_>>().len();
        assert_eq!(unique(|p| &p.product_id), 120);
        assert_eq!(unique(|p| &p.sku), 120);
        assert_eq!(unique(|p| &p.name), 120);
        assert_eq!(unique(|p| &p.url_path), 120);
        for product in &products {
            assert_eq!(product.price_minor % 10_000, 9_000, "{}", product.name);
            let margin = 1.0 - product.cost_minor as f64 / product.price_minor as f64;
            assert!((0.45..0.65).contains(&margin), "{} {margin}", product.name);
            assert!(product.url_path.is_ascii() && product.image_path.ends_with(".svg"));
        }
        let sold_out = products.iter().filter(|p| p.stock == 0).count();
        assert!((2..15).contains(&sold_out), "{sold_out}");
    }
}
