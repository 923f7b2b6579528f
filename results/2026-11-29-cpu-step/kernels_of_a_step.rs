//! The kernels of one training step of net-a on batches of 128 images in chunks of 8, as many times as is asked for.
use new::{arena::Arena, convolution::Window, dense::Dense, isa::Isa, plane::Plane, product::Start, stem::{Pooled, Stem}, winograd::{Tile, Winograd}};
use new::activation::{Operand, activate}; use new::activation_gradient::{Spread, spread}; use new::moments::add_sums;
fn filled(n: usize, k: usize) -> Arena { let mut a = Arena::new(n); for (i, v) in a.iter_mut().enumerate() { *v = ((i * k) % 101) as f32 * 0.01 - 0.4; } a }
fn main() {
    let steps: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let isa = Isa::detect();
    let arg = |n: usize| -> usize { std::env::args().nth(n).unwrap().parse().unwrap() };
    let (chunk, group) = (arg(2), arg(3)); let chunks = 128 / chunk;
    let x = Plane { stride: 1, ..Plane::new(28, 28, 1, 1) };
    let s = Plane::new(14, 14, 16, 1);
    let y = Plane::new(14, 14, 32, 2);
    let p = Plane::new(7, 7, 32, 0);
    let stem = Stem::new(isa, Window { kernel: 3, stride: 1, padding: 1, dilation: 1 }, x, s);
    let f = Winograd::new(isa, Tile::Five, (s, y), 1);
    let w = Winograd::new(isa, Tile::Seven, (s, y), 1);
    let sg = Plane::new(14, 14, 16, 0);
    let b = Winograd::new(isa, Tile::Seven, (y, sg), 1);
    let (h, l) = (Plane::new(1, 1, 128, 0), Plane::new(1, 1, 10, 0));
    let (d1, d2) = (Dense::new(isa, p, h, p, chunk), Dense::new(isa, h, l, h, chunk));
    let images = chunk * chunks;
    let xs = filled(images * x.values(), 7919);
    let mut ss = filled(images * s.values(), 13); let mut sgs = filled(images * sg.values(), 17);
    let mut ys = filled(images * y.values(), 0); let mut ps = filled(images * p.values(), 19); let mut pg = filled(images * p.values(), 23);
    let mut hs = filled(images * h.values(), 29); let mut hg = filled(images * h.values(), 31);
    let mut ls = filled(images * l.values(), 37); let lg = filled(images * l.values(), 41);
    let w0 = filled(9 * 16, 43); let (wf, wb) = (filled(f.points_len(), 47), filled(b.points_len(), 53)); let mut wsum = filled(w.points_len(), 0);
    let (w1, w2) = (filled(d1.weights_len(), 59), filled(d2.weights_len(), 61));
    let (mut b1, mut b2) = (filled(d1.back_len(), 0), filled(d2.back_len(), 0)); d1.pack_back(&w1, &mut b1); d2.pack_back(&w2, &mut b2);
    let mut g0 = filled(9 * 16, 0); let (mut g1, mut g2) = (filled(d1.weights_len(), 0), filled(d2.weights_len(), 0));
    let bias = filled(128, 3); let mut sums = vec![0f64; 32];
    let mut scratch = Arena::new(f.scratch_len().max(w.scratch_len()).max(b.scratch_len()));
    let mut i0 = vec![0u8; images * 14 * 14 * 16]; let mut i1 = vec![0u8; images * 7 * 7 * 32];
    let of = |plane: Plane, first: usize, n: usize| first * plane.values()..(first + n) * plane.values();
    let s1 = d1.weight_shares(512, &(0..images).map(|i| (i * p.values(), i * h.values())).collect::<Vec<_>>());
    let s2 = d2.weight_shares(512, &(0..images).map(|i| (i * h.values(), i * l.values())).collect::<Vec<_>>());
    let mut times = vec![];
    for _ in 0..steps {
        let t = std::time::Instant::now();
        for first in (0..images).step_by(chunk) {
            let mut at = first;
            while at < first + chunk {
                // Groups of three images, as the schedule of a step has them.
                let n = group.min(first + chunk - at);
                let (m0, m1) = (at * 14 * 14 * 16..(at + n) * 14 * 14 * 16, at * 7 * 7 * 32..(at + n) * 7 * 7 * 32);
                stem.forward(n, (&xs[of(x, at, n)], &w0, Some(&bias[..16])), (&mut ss[of(s, at, n)], &mut i0[m0]));
                let yy = &mut ys[..n * y.values()];
                f.forward(n, (&ss[of(s, at, n)], &wf), (&mut *yy, Start::Bias(&bias[..32])), &mut scratch);
                activate(isa, n, Operand { values: yy, plane: y, norm: None }, None, true, (p, &mut ps[of(p, at, n)]), Some(&mut i1[m1]));
                at += n;
            }
            let n = chunk;
            d1.forward(n, &ps[of(p, first, n)], &w1, Some(&bias), &mut hs[of(h, first, n)]);
            d2.forward(n, &hs[of(h, first, n)], &w2, Some(&bias), &mut ls[of(l, first, n)]);
            d2.input_gradient(n, &lg[of(l, first, n)], &b2, false, &mut hg[of(h, first, n)]);
            d1.input_gradient(n, &hg[of(h, first, n)], &b1, false, &mut pg[of(p, first, n)]);
            let mut at = first;
            while at < first + chunk {
                let n = group.min(first + chunk - at);
                let (m0, m1) = (at * 14 * 14 * 16..(at + n) * 14 * 14 * 16, at * 7 * 7 * 32..(at + n) * 7 * 7 * 32);
                let yy = &mut ys[..n * y.values()];
                let work = Spread { images: n, gradient: (p, &pg[of(p, at, n)]), out: Some((p, &ps[of(p, at, n)])), index: Some(&i1[m1]), norm: None, add: false };
                spread(isa, work, (y, &mut *yy));
                add_sums(isa, y, n, yy, &mut sums);
                w.weight_gradient(n, (&ss[of(s, at, n)], yy), at == first, &mut wsum, &mut scratch);
                b.forward(n, (yy, &wb), (&mut sgs[of(sg, at, n)], Start::Zero), &mut scratch);
                let pooled = Pooled { out: &ss[of(s, at, n)], index: &i0[m0], plane: sg, gradient: &sgs[of(sg, at, n)] };
                stem.weight_gradient(n, (&xs[of(x, at, n)], pooled), at == first, (&mut g0, Some(&mut sums[..16])));
                at += n;
            }
        }
        for (shares, a, dy, g) in [(&s1, &ps, &hg, &mut g1), (&s2, &hs, &lg, &mut g2)] {
            let mut at = 0;
            for share in shares { let n = share.values(); share.run(images, a, dy, &mut g[at..at + n]); at += n; }
        }
        times.push(t.elapsed().as_secs_f64() / 128.0 * 1e6);
    }
    times.sort_by(f64::total_cmp); println!("chunk {chunk} group {group}: best {:.1} quarter {:.1} median {:.1} us an image", times[0], times[times.len()/4], times[times.len()/2]);
    eprintln!("{}", g1[5] + g2[3] + g0[2] + wsum[7]);
}
