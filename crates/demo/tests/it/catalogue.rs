use demo::{catalogue, product_image_svg};

#[test]
fn every_image_of_the_catalogue_is_drawn() {
    for product in catalogue() {
        assert_eq!(product.image_path, format!("/demo/img/{}.svg", product.product_id));
        assert!(product_image_svg(&product.product_id).is_some());
    }
}
