const TILE: Tile = Tile::Five; const SHARE: usize = 96;
fn linear_gradient(shares: &[WeightShare], images: usize, a: &[f32], dy: &[f32], g: &mut [f32], _: &mut [f32]) {
    let mut order: Vec<(usize, usize, &WeightShare)> = vec![]; let mut at = 0;
    for share in shares { order.push((share.first_input(), at, share)); at += share.values(); }
    order.sort_by_key(|o| (o.0, o.1));
    for (_, at, share) in order { let n = share.values(); share.run(images, a, dy, &mut g[at..at + n]); }
}
