//! Colours by width that stay apart in grey: a dark-to-light scale after viridis, without its palest end.

/// Colours of the scale at equal distances: viridis (Smith and van der Walt, 2015) at 0, 1/5, 2/5, 3/5 and 4/5,
/// where its lightness L* rises from 14 to 77.
const SCALE: [[u8; 3]; 5] = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81]];

/// The colour at `share` (0 to 1) of the scale, as `#rrggbb`.
#[must_use]
pub fn scale(share: f64) -> String {
    let place = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let index = (place as usize).min(SCALE.len() - 2);
    let part = place - index as f64;
    let (Some(from), Some(to)) = (SCALE.get(index), SCALE.get(index + 1)) else {
        return "#000000".to_owned();
    };
    let channel = |(a, b): (&u8, &u8)| (f64::from(*a) + part * (f64::from(*b) - f64::from(*a))).round() as u8;
    let digits: String = from.iter().zip(to).map(channel).map(|c| format!("{c:02x}")).collect();
    format!("#{digits}")
}
