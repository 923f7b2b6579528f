//! SVG to PNG at twice the size, with a bundled font only, so that the picture is the same on every machine.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::ReportError;

/// Pixels per user unit.
pub const SCALE: f32 = 2.0;

/// A subset of DejaVu Sans 2.37; its licence lies beside it.
const FONT: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// The picture of an SVG document as a PNG file, [`SCALE`] pixels per user unit. Fonts of the system are not read.
///
/// # Errors
/// When the text is no SVG, or the picture too large to hold.
pub fn render(svg: &str) -> Result<Vec<u8>, ReportError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    let options =
        Options { fontdb: Arc::new(fonts), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| ReportError::Png { reason: e.to_string() })?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let pixmap = size.and_then(|size| Pixmap::new(size.width(), size.height()));
    let Some(mut pixmap) = pixmap else {
        return Err(ReportError::Png { reason: "the picture is too large".to_owned() });
    };
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| ReportError::Png { reason: e.to_string() })
}

#[cfg(test)]
mod tests;
