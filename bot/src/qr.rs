//! A payment link as a picture to scan.

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, Module};

/// Pixels of a module's side.
const SCALE: usize = 8;
/// Modules of white around; the standard asks for four.
const MARGIN: usize = 4;

/// `link` as a black and white PNG; `None` when it is too long for a code.
pub(crate) fn png(link: &str) -> Option<Vec<u8>> {
    let code = QRBuilder::new(link).ecl(ECL::M).build().ok()?;
    let side = (code.size + 2 * MARGIN) * SCALE;
    let width = u32::try_from(side).ok()?;
    let stride = side.div_ceil(8);
    let mut pixels = vec![0xff_u8; stride * side];
    for (y, row) in (0..code.size).map(|y| (y, &code[y])) {
        for (x, module) in row.iter().enumerate().take(code.size) {
            if Module::value(*module) {
                for (py, px) in (0..SCALE * SCALE).map(|at| (at / SCALE, at % SCALE)) {
                    let (py, px) = ((y + MARGIN) * SCALE + py, (x + MARGIN) * SCALE + px);
                    pixels[py * stride + px / 8] &= !(0x80 >> (px % 8));
                }
            }
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_picture_with_its_three_corners() {
        let link =
            "ton://transfer/UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY?amount=1&text=RENT-0123456789";
        let file = png(link).expect("short enough");
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        assert!(info.width == info.height && info.width.is_multiple_of(8));
        let side = usize::try_from(info.width).expect("small");
        let dark = |x: usize, y: usize| pixels[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0;
        let (first, last) = (MARGIN * SCALE, side - MARGIN * SCALE - 1);
        assert!(dark(first, first) && dark(last, first) && dark(first, last));
        assert!(!dark(0, 0) && !dark(side - 1, side - 1), "the margin is white");
        assert!(png(&"x".repeat(5_000)).is_none());
    }
}
