use std::time::Instant;
macro_rules! stem { ($k:ident, $t:expr) => {{
    use $k::stem::{Stem, Pooled}; use $k::plane::Plane; use $k::isa::Isa; use $k::arena::Arena; use $k::convolution::Window;
    let isa = Isa::detect();
    let w = Window { kernel: 3, stride: 1, padding: 1, dilation: 1 };
    let x = Plane { stride: 1, ..Plane::new(28,28,1,1) };
    let o = Plane::new(14,14,16,1);
    let stem = Stem::new(isa, w, x, o);
    let n = 8;
    let mut xs = Arena::new(n*x.values()); let mut out = Arena::new(n*o.values()); let mut g = Arena::new(n*o.values());
    for (i,v) in xs.iter_mut().enumerate() { *v = ((i*7919)%101) as f32*0.01 - 0.3; }
    for (i,v) in g.iter_mut().enumerate() { *v = ((i*31)%53) as f32*0.01; }
    let mut weights = Arena::new(9*16); for (i,v) in weights.iter_mut().enumerate() { *v = ((i*37)%17) as f32*0.1-0.8; }
    let mut index = vec![0u8; n*14*14*16];
    stem.forward(n, (&xs, &weights, None), (&mut out, &mut index));
    let mut sums = Arena::new(9*16); let mut bias = vec![0f64;16];
    let t = Instant::now();
    for r in 0..64 { stem.weight_gradient(n, (&xs, Pooled{out:&out,index:&index,plane:o,gradient:&g}), r==0, (&mut sums, Some(&mut bias))); }
    $t.push(t.elapsed().as_secs_f64()/512.0*1e6);
}}}
macro_rules! dense { ($k:ident, $t:expr) => {{
    use $k::dense::Dense; use $k::plane::Plane; use $k::isa::Isa; use $k::arena::Arena;
    let (x, y) = (Plane::new(7,7,32,0), Plane::new(1,1,128,0));
    let dense = Dense::new(Isa::detect(), x, y, x, 8);
    let slab = 139_264usize; let cut = 100_000;
    let mut slabs = Arena::new(slab * 16); for (i, v) in slabs.iter_mut().enumerate() { *v = (i % 97) as f32 * 0.01; }
    let mut w = Arena::new(dense.weights_len()); for (i, v) in w.iter_mut().enumerate() { *v = (i % 89) as f32 * 0.01; }
    let mut back = Arena::new(dense.back_len()); dense.pack_back(&w, &mut back);
    let images: Vec<(usize, usize)> = (0..128).map(|i| (i/8*slab + i%8*1568, i/8*slab + cut + i%8*128)).collect();
    let shares = dense.weight_shares(512, &images);
    let mut g = Arena::new(dense.weights_len());
    let flop = 2.0*1568.0*128.0*128.0;
    let t = Instant::now();
    for c in 0..16 { let (a, b) = slabs[c*slab..(c+1)*slab].split_at_mut(cut); dense.forward(8, a, &w, None, b); }
    $t[0].push(flop/t.elapsed().as_secs_f64()/1e9);
    let t = Instant::now();
    for c in 0..16 { let (a, b) = slabs[c*slab..(c+1)*slab].split_at_mut(cut); dense.input_gradient(8, b, &back, false, a); }
    $t[1].push(flop/t.elapsed().as_secs_f64()/1e9);
    let t = Instant::now(); let mut at = 0;
    for s in &shares { let n = s.values(); s.run(128, &slabs, &slabs, &mut g[at..at+n]); at += n; }
    $t[2].push(flop/t.elapsed().as_secs_f64()/1e9);
}}}
fn show(name: &str, before: &[f64], now: &[f64], better: fn(f64, f64) -> f64) {
    let mut r: Vec<f64> = before.iter().zip(now).map(|(&b, &n)| better(b, n)).collect(); r.sort_by(f64::total_cmp);
    let m = |v: &[f64]| { let mut v = v.to_vec(); v.sort_by(f64::total_cmp); v[v.len()/2] };
    let n = r.len(); // ranks that hold the median in 95% of cases, by the normal approximation
    let k = ((n as f64)/2.0 - 0.98*(n as f64).sqrt()).floor() as usize;
    println!("{name}: before {:.2}, now {:.2} (medians of {n}); times as fast, pair by pair: {:.2} [{:.2}, {:.2}]", m(before), m(now), r[n/2], r[k], r[n-1-k]);
}
fn main() {
    let (mut a, mut b) = (vec![], vec![]);
    let (mut da, mut db) = ([vec![], vec![], vec![]], [vec![], vec![], vec![]]);
    for _ in 0..60 { stem!(old, a); stem!(new, b); dense!(old, da); dense!(new, db); }
    show("first convolution of net-a, gradient of weights, microseconds an image", &a, &b, |b, n| b / n);
    for (i, what) in ["forward", "gradient of inputs", "gradient of weights"].iter().enumerate() { show(&format!("linear layer of 1568 to 128, batch 128 in chunks of 8, {what}, GFLOP/s"), &da[i], &db[i], |b, n| n / b); }
}
