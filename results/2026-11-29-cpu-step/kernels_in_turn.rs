//! The kernels of a training step of net-a, as they were (`old`) and as they are (`new`), in turn: a batch of 128 images by
//! one, then by the other, and microseconds an image of each kernel; medians, and the median ratio of a pair with the ranks
//! that hold it in 95% of cases.
//!
//!     kernels_in_turn PAIRS CHUNK GROUP

const NAMES: [&str; 14] = ["stem f", "wino f", "relu pool", "lin1 f", "lin2 f", "lin2 b", "lin1 b", "spread", "bias sum", "wino w", "wino b", "stem w", "lin1 w", "lin2 w"];

macro_rules! step { ($name:ident, $new:ident) => { mod $name {
    use $new::{arena::Arena, convolution::Window, dense::{Dense, WeightShare}, isa::Isa, plane::Plane, product::Start, stem::{Pooled, Stem}, winograd::{Tile, Winograd}};
    use $new::activation::{Operand, activate}; use $new::activation_gradient::{Spread, spread}; use $new::moments::add_sums;
    fn filled(n: usize, k: usize) -> Arena { let mut a = Arena::new(n); for (i, v) in a.iter_mut().enumerate() { *v = ((i * k) % 101) as f32 * 0.01 - 0.4; } a }
    pub struct Step { isa: Isa, chunk: usize, group: usize, x: Plane, s: Plane, y: Plane, p: Plane, sg: Plane, h: Plane, l: Plane, stem: Stem, f: Winograd, w: Winograd, b: Winograd, d1: Dense, d2: Dense,
        s1: Vec<WeightShare>, s2: Vec<WeightShare>, a: Vec<Arena>, i0: Vec<u8>, i1: Vec<u8>, sums: Vec<f64> }
    impl Step {
        pub fn new(chunk: usize, group: usize) -> Step {
            let isa = Isa::detect(); let images = 128;
            let x = Plane { stride: 1, ..Plane::new(28, 28, 1, 1) };
            let (s, y, p) = (Plane::new(14, 14, 16, 1), Plane::new(14, 14, 32, 2), Plane::new(7, 7, 32, 0));
            let stem = Stem::new(isa, Window { kernel: 3, stride: 1, padding: 1, dilation: 1 }, x, s);
            let f = Winograd::new(isa, TILE, (s, y), 1); let w = Winograd::new(isa, Tile::Seven, (s, y), 1);
            let sg = Plane::new(14, 14, 16, 0); let b = Winograd::new(isa, Tile::Seven, (y, sg), 1);
            let (h, l) = (Plane::new(1, 1, 128, 0), Plane::new(1, 1, 10, 0));
            let (d1, d2) = (Dense::new(isa, p, h, p, chunk), Dense::new(isa, h, l, h, chunk));
            let scratch = f.scratch_len().max(w.scratch_len()).max(b.scratch_len());
            let sizes = [images * x.values(), images * s.values(), images * sg.values(), images * y.values(), images * p.values(), images * p.values(), images * h.values(), images * h.values(),
                images * l.values(), images * l.values(), 9 * 16, f.points_len(), b.points_len(), w.points_len(), d1.weights_len(), d2.weights_len(), d1.back_len(), d2.back_len(), 9 * 16, d1.weights_len(), d2.weights_len(), 128, scratch + 100_000];
            let mut a: Vec<Arena> = sizes.iter().enumerate().map(|(i, &n)| filled(n, 7919 + 2 * i)).collect();
            for i in [3, 13, 22] { a[i].fill(0.0); }
            let (w1, w2) = (a[14].clone(), a[15].clone()); d1.pack_back(&w1, &mut a[16]); d2.pack_back(&w2, &mut a[17]);
            let s1 = d1.weight_shares(SHARE, &(0..images).map(|i| (i * p.values(), i * h.values())).collect::<Vec<_>>());
            let s2 = d2.weight_shares(SHARE, &(0..images).map(|i| (i * h.values(), i * l.values())).collect::<Vec<_>>());
            Step { isa, chunk, group, x, s, y, p, sg, h, l, stem, f, w, b, d1, d2, s1, s2, a, i0: vec![0; images * 14 * 14 * 16], i1: vec![0; images * 7 * 7 * 32], sums: vec![0.0; 64] }
        }
        pub fn run(&mut self) -> [f64; 14] {
            let Step { isa, chunk, group, x, s, y, p, sg, h, l, stem, f, w, b, d1, d2, s1, s2, a, i0, i1, sums } = self;
            let (isa, chunk, group, x, s, y, p, sg, h, l) = (*isa, *chunk, *group, *x, *s, *y, *p, *sg, *h, *l);
            let [xs, ss, sgs, ys, ps, pg, hs, hg, ls, lg, w0, wf, wb, wsum, w1, w2, b1, b2, g0, g1, g2, bias, scratch] = &mut a[..] else { panic!() };
            let images = 128; let of = |plane: Plane, first: usize, n: usize| first * plane.values()..(first + n) * plane.values();
            let mut acc = [0f64; 14]; let mut last = std::time::Instant::now();
            macro_rules! tick { ($i:expr) => { let now = std::time::Instant::now(); acc[$i] += (now - last).as_secs_f64() / 128e-6; last = now; } }
            for first in (0..images).step_by(chunk) {
                let mut at = first;
                while at < first + chunk {
                    let n = group.min(first + chunk - at);
                    let (m0, m1) = (at * 14 * 14 * 16..(at + n) * 14 * 14 * 16, at * 7 * 7 * 32..(at + n) * 7 * 7 * 32);
                    stem.forward(n, (&xs[of(x, at, n)], w0, Some(&bias[..16])), (&mut ss[of(s, at, n)], &mut i0[m0])); tick!(0);
                    let yy = &mut ys[..n * y.values()];
                    f.forward(n, (&ss[of(s, at, n)], wf), (&mut *yy, Start::Bias(&bias[..32])), scratch); tick!(1);
                    activate(isa, n, Operand { values: yy, plane: y, norm: None }, None, true, (p, &mut ps[of(p, at, n)]), Some(&mut i1[m1])); tick!(2);
                    at += n;
                }
                let n = chunk;
                d1.forward(n, &ps[of(p, first, n)], w1, Some(bias), &mut hs[of(h, first, n)]); tick!(3);
                d2.forward(n, &hs[of(h, first, n)], w2, Some(bias), &mut ls[of(l, first, n)]); tick!(4);
                d2.input_gradient(n, &lg[of(l, first, n)], b2, false, &mut hg[of(h, first, n)]); tick!(5);
                d1.input_gradient(n, &hg[of(h, first, n)], b1, false, &mut pg[of(p, first, n)]); tick!(6);
                let mut at = first;
                while at < first + chunk {
                    let n = group.min(first + chunk - at);
                    let (m0, m1) = (at * 14 * 14 * 16..(at + n) * 14 * 14 * 16, at * 7 * 7 * 32..(at + n) * 7 * 7 * 32);
                    let yy = &mut ys[..n * y.values()];
                    let work = Spread { images: n, gradient: (p, &pg[of(p, at, n)]), out: Some((p, &ps[of(p, at, n)])), index: Some(&i1[m1]), norm: None, add: false };
                    spread(isa, work, (y, &mut *yy)); tick!(7);
                    add_sums(isa, y, n, yy, sums); tick!(8);
                    w.weight_gradient(n, (&ss[of(s, at, n)], yy), at == first, wsum, scratch); tick!(9);
                    b.forward(n, (yy, wb), (&mut sgs[of(sg, at, n)], Start::Zero), scratch); tick!(10);
                    let pooled = Pooled { out: &ss[of(s, at, n)], index: &i0[m0], plane: sg, gradient: &sgs[of(sg, at, n)] };
                    stem.weight_gradient(n, (&xs[of(x, at, n)], pooled), at == first, (g0, Some(&mut sums[..16]))); tick!(11);
                    at += n;
                }
            }
            let mut which = 12;
            for (shares, a, dy, g) in [(&*s1, &*ps, &*hg, &mut *g1), (s2, hs, lg, g2)] {
                linear_gradient(shares, images, a, dy, g, scratch);
                tick!(which); which += 1;
            }
            acc
        }
        pub fn bits(&self) -> u64 { [&self.a[18], &self.a[19], &self.a[20], &self.a[13]].iter().flat_map(|g| g.iter()).fold(0u64, |h, v| (h ^ u64::from(v.to_bits())).wrapping_mul(0x100000001b3)) }
    }
    include!(concat!("kernels_in_turn_", stringify!($new), ".rs"));
} } }
step!(before, old);
step!(after, new);

fn median(values: &mut [f64]) -> (f64, f64, f64, f64) {
    values.sort_by(f64::total_cmp); let n = values.len(); let d = (0.98 * (n as f64).sqrt()).ceil() as usize;
    (values[n / 2], values[(n / 2).saturating_sub(d)], values[(n / 2 + d).min(n - 1)], values[n / 50])
}
fn main() {
    let arg = |n: usize| -> usize { std::env::args().nth(n).unwrap().parse().unwrap() };
    let (pairs, chunk, group) = (arg(1), arg(2), arg(3));
    let make = |turn: usize| if turn % 2 == 0 { let old = before::Step::new(chunk, group); (old, after::Step::new(chunk, group)) } else { let new = after::Step::new(chunk, group); (before::Step::new(chunk, group), new) };
    let (mut old, mut new) = make(0);
    let mut all: Vec<[Vec<f64>; 2]> = vec![[vec![], vec![]]; 15];
    for pair in 0..pairs {
        // Memory lies elsewhere every ten pairs, as its place alone is worth three hundredths.
        if pair % 10 == 0 { drop((old, new)); (old, new) = make(pair / 10); old.run(); new.run(); }
        let (a, b) = if pair % 2 == 0 { let a = old.run(); (a, new.run()) } else { let b = new.run(); (old.run(), b) };
        for i in 0..14 { all[i][0].push(a[i]); all[i][1].push(b[i]); }
        all[14][0].push(a.iter().sum()); all[14][1].push(b.iter().sum());
    }
    println!("chunk {chunk} group {group}: {pairs} pairs, same bits: {}", old.bits() == new.bits());
    for i in 0..15 {
        let name = if i < 14 { NAMES[i] } else { "all" };
        let mut ratio: Vec<f64> = all[i][0].iter().zip(&all[i][1]).map(|(a, b)| a / b).collect();
        let (r, low, high, _) = median(&mut ratio);
        let (a, _, _, a0) = median(&mut all[i][0].clone()); let (b, _, _, b0) = median(&mut all[i][1].clone());
        println!("{name:10} old {a:6.2} (least {a0:6.2})  new {b:6.2} (least {b0:6.2})  old/new {r:.3} [{low:.3}, {high:.3}]");
    }
}
