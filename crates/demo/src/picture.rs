use crate::catalogue::{Category, Product, catalogue};
use crate::chance::mix;
use std::sync::LazyLock;

/// A drawing of a product as an SVG document (about 2 KB, 400 × 400, no outside parts), so that the demo's mails and
/// pages need no photographs. `None` for an id that the shop does not sell.
pub fn product_image_svg(product_id: &str) -> Option<String> {
    static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(catalogue);
    PRODUCTS.iter().find(|product| product.product_id == product_id).map(draw)
}

fn draw(product: &Product) -> String {
    let number = product.product_id.bytes().fold(0, |sum, byte| mix(sum, u64::from(byte)));
    let color = product.color;
    let ink = shade(color, -0.28);
    let light = shade(color, 0.45);
    let backdrop = shade(color, 0.84);
    let (x, y) = (90 + number % 220, 100 + (number >> 8) % 90);
    let title = product.name.replace('&', "&amp;").replace('<', "&lt;");
    let shape = shape_of(product.category).replace("{c}", color).replace("{d}", &ink).replace("{l}", &light);
    let motif = motif((number >> 16) % 4).replace("{l}", &light);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400" role="img"><title>{title}</title><defs><clipPath id="f"><rect width="400" height="400"/></clipPath><pattern id="m" width="44" height="44" patternUnits="userSpaceOnUse">{motif}</pattern></defs><g clip-path="url(#f)"><rect width="400" height="400" fill="{backdrop}"/><circle cx="{x}" cy="{y}" r="118" fill="#fff" opacity=".45"/><ellipse cx="200" cy="352" rx="104" ry="11" fill="{ink}" opacity=".16"/><g stroke="{ink}" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round">{shape}</g></g></svg>"##
    )
}

/// A CSS colour moved towards white (`amount` up to 1) or black (down to -1).
fn shade(color: &str, amount: f64) -> String {
    let channel = |at: usize| {
        let value = color.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(128);
        let target = if amount > 0.0 { 255.0 } else { 0.0 };
        (f64::from(value) + (target - f64::from(value)) * amount.abs()).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", channel(1), channel(3), channel(5))
}

/// What the cloth is printed with: nothing, blossoms, stripes, grains of rice.
fn motif(kind: u64) -> &'static str {
    match kind {
        1 => {
            r#"<g fill="{l}" stroke="none"><circle cx="12" cy="8" r="4"/><circle cx="6" cy="14" r="4"/><circle cx="18" cy="14" r="4"/><circle cx="12" cy="20" r="4"/><circle cx="34" cy="34" r="3"/></g>"#
        }
        2 => r#"<path d="M11 0v44M33 0v44" stroke="{l}" stroke-width="3" fill="none"/>"#,
        3 => {
            r#"<g fill="{l}" stroke="none"><ellipse cx="12" cy="12" rx="2.5" ry="6" transform="rotate(30 12 12)"/><ellipse cx="34" cy="32" rx="2.5" ry="6" transform="rotate(-30 34 32)"/></g>"#
        }
        _ => "",
    }
}

/// The outline by kind of product: drawn once in its colour and once more with the cloth's print.
fn shape_of(category: Category) -> String {
    let cloth = |path: &str, details: &str| {
        format!(
            r##"<path d="{path}" fill="{{c}}"/><path d="{path}" fill="url(#m)" stroke="none" opacity=".75"/>{details}"##
        )
    };
    match category {
        Category::AoDai => cloth(
            "M184 66h32l6 10 30 12 38 108-22 10-30-60-8 52c14 36 26 90 30 146h-42l-18-96-18 96h-42c4-56 16-110 30-146l-8-52-30 60-22-10 38-108 30-12z",
            r#"<path d="M182 344l18-96 18 96v8h-14l-4-40-4 40h-14z" fill="{l}"/><path d="M216 78q6 30 30 60" fill="none"/>"#,
        ),
        Category::Shirt => cloth(
            "M172 84l28 16 28-16 44 20 30 92-32 12-18-44v152h-104v-152l-18 44-32-12 30-92z",
            r#"<path d="M172 84l28 34 28-34M200 118v198" fill="none"/><g fill="{l}" stroke="none"><circle cx="207" cy="150" r="3.5"/><circle cx="207" cy="190" r="3.5"/><circle cx="207" cy="230" r="3.5"/><circle cx="207" cy="270" r="3.5"/></g>"#,
        ),
        Category::Blouse => cloth(
            "M160 96q40 34 80 0l26 10q42 22 44 86l-38 10-16-34q-8 50 14 132-70 22-140 0 22-82 14-132l-16 34-38-10q2-64 44-86z",
            r#"<path d="M148 212q52 16 104 0" fill="none"/>"#,
        ),
        Category::Tee => cloth(
            "M162 88q38 30 76 0l36 14 42 66-36 24-24-32v154h-112v-154l-24 32-36-24 42-66z",
            r#"<path d="M162 88q38 44 76 0" fill="none"/>"#,
        ),
        Category::Jacket => cloth(
            "M164 78l36 14 36-14 40 20 34 150-36 10-20-80v150h-108v-150l-20 80-36-10 34-150z",
            r#"<path d="M164 78l36 90 36-90M200 168v160M166 258h20M214 258h20" fill="none"/>"#,
        ),
        Category::Dress => cloth(
            "M168 76v26q32 24 64 0v-26l16 6 4 58-16 44q44 70 58 150-94 26-188 0 14-80 58-150l-16-44 4-58z",
            r#"<path d="M164 184q36 12 72 0" fill="none"/>"#,
        ),
        Category::Skirt => cloth(
            "M150 96h100l6 24q40 100 54 206-110 28-220 0 14-106 54-206z",
            r#"<path d="M144 120h112M176 122q-16 110-26 212M224 122q16 110 26 212M200 122v218" fill="none"/>"#,
        ),
        Category::Trousers => cloth(
            "M146 82h108l8 40 22 222h-66l-18-158-18 158h-66l22-222z",
            r#"<path d="M142 108h116M200 108v78M156 112q-4 22-20 26M244 112q4 22 20 26" fill="none"/>"#,
        ),
        Category::Homewear => cloth(
            "M166 80l34 20 34-20 38 16 26 78-32 10-14-30v92h-104v-92l-14 30-32-10 26-78z",
            r#"<path d="M152 258h96l14 86h-48l-14-52-14 52h-48z" fill="{c}"/><path d="M166 80l34 44 34-44M200 124v122M214 190h22v24h-22z" fill="none"/>"#,
        ),
        Category::StrawBag => cloth(
            "M104 186h192l-18 152q-78 16-156 0z",
            r#"<path d="M142 190q-4-104 58-104t58 104" fill="none" stroke-width="9"/><path d="M107 214h186M110 246h180M114 278h172M118 310h164M140 188l10 152M180 188l4 156M220 188l-4 156M260 188l-10 152" fill="none" opacity=".45"/>"#,
        ),
        Category::Hat => cloth(
            "M200 104q12 4 20 18 44 70 104 146-124 46-248 0 60-76 104-146 8-14 20-18z",
            r#"<path d="M166 150q34 12 68 0M136 194q64 22 128 0M106 236q94 30 188 0" fill="none" opacity=".5"/><path d="M128 276q10 70 72 70t72-70" fill="none" stroke="{l}" stroke-width="7"/>"#,
        ),
        Category::Scarf => cloth(
            "M200 88l120 120-120 120-120-120z",
            r#"<path d="M200 116l92 92-92 92-92-92z" fill="none" stroke="{l}" stroke-width="4"/><path d="M200 168q26 20 0 52-26-32 0-52zM176 190q-4 30 24 34M224 190q4 30-24 34" fill="{l}"/>"#,
        ),
        Category::Shoes => cloth(
            "M84 262q4-44 26-62 40 40 92 44 70 6 104 34 14 14 8 34h-222q-8-24-8-50z",
            r#"<path d="M84 312h232v14h-232z" fill="{l}"/><path d="M110 200q30 44 92 44 26 2 46 8" fill="none"/><circle cx="212" cy="262" r="7" fill="{l}"/>"#,
        ),
        Category::Accessory => cloth(
            "M200 200q-44-66-96-52-14 52 0 104 52 14 96-52zM200 200q44-66 96-52 14 52 0 104-52 14-96-52z",
            r#"<path d="M188 216l-40 110 34-10 18-90M212 216l40 110-34-10-18-90" fill="{c}"/><rect x="180" y="178" width="40" height="44" rx="12" fill="{d}"/>"#,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_has_a_small_picture_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for product in catalogue() {
            let svg = product_image_svg(&product.product_id).unwrap();
            assert!(
                svg.starts_with("<svg ") && svg.ends_with("</svg>") && svg.len() < 4_096,
                "{}",
                svg.len()
            );
            assert!(!svg.contains('{') && !svg.contains("href"), "{svg}");
            assert!(seen.insert(svg));
        }
        assert_eq!(product_image_svg("nope"), None);
    }
}
