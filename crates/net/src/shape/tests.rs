//! Output shapes against enumeration of the windows, and refusals by their message.

use proptest::prelude::*;

use super::*;

fn image(channels: usize, height: usize, width: usize) -> Shape {
    Shape { channels, height, width }
}

/// Windows along one side, placed one by one in the padded row; `ceil` adds one that hangs over the right edge as
/// long as it starts inside the row or its left padding (PyTorch's rule for `ceil_mode`).
fn windows(size: usize, window: usize, stride: usize, padding: usize, ceil: bool) -> usize {
    let padded = size + 2 * padding;
    let mut count = 0;
    loop {
        let start = count * stride;
        let fits = start + window <= padded;
        let something_left = (start + window).saturating_sub(stride) < padded;
        let hangs_over = ceil && something_left && start < size + padding;
        if !(fits || hangs_over) {
            return count;
        }
        count += 1;
    }
}

proptest! {
    #[test]
    fn convolutions_have_one_output_per_window(
        height in 1usize..14, width in 1usize..14, kernel in 1usize..5, stride in 1usize..4, padding in 0usize..4,
        dilation in 1usize..4,
    ) {
        let layer = Conv { out_channels: 2, kernel, stride, padding, dilation, groups: 1, bias: false };
        let window = dilation * (kernel - 1) + 1;
        let expected = [height, width].map(|size| windows(size, window, stride, padding, false));
        match conv("0.conv", image(1, height, width), &layer) {
            Ok(found) => prop_assert_eq!(found, image(2, expected[0], expected[1])),
            Err(NetError::Layer { .. }) => prop_assert!(expected.contains(&0)),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn poolings_have_one_output_per_window(
        height in 1usize..20, width in 1usize..20, kernel in 1usize..6, stride in 1usize..7, padding in 0usize..3,
        ceil: bool,
    ) {
        prop_assume!(padding <= kernel / 2);
        let expected = [height, width].map(|size| windows(size, kernel, stride, padding, ceil));
        match max_pool("0.max_pool", image(3, height, width), &Pool { kernel, stride, padding, ceil }) {
            Ok(found) => prop_assert_eq!(found, image(3, expected[0], expected[1])),
            Err(NetError::Layer { .. }) => prop_assert!(expected.contains(&0)),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

/// Window 2, stride 2, padding 1: on 3 pixels rounding up gives 3 windows, but the third would start at 4 in the
/// padded row, right of the 3 + 1 pixels of input and left padding, so PyTorch drops it; on 4 pixels it stays.
/// The comments of torchvision's GoogLeNet give the others.
#[test]
fn ceil_mode_is_that_of_pytorch() {
    let side = |size, kernel, stride, padding| {
        let pool = Pool { kernel, stride, padding, ceil: true };
        max_pool("0.max_pool", image(1, size, size), &pool).map(|shape| shape.height)
    };
    assert_eq!(side(3, 2, 2, 1), Ok(2));
    assert_eq!(side(4, 2, 2, 1), Ok(3));
    assert_eq!(side(112, 3, 2, 0), Ok(56));
    assert_eq!(side(28, 3, 2, 0), Ok(14));
    assert_eq!(side(14, 2, 2, 0), Ok(7));
    assert_eq!(side(7, 3, 1, 1), Ok(7));
}

#[test]
fn branches_are_joined() {
    let input = image(4, 8, 8);
    let two = [image(3, 8, 8), image(5, 8, 8)];
    assert_eq!(join("1.branches", input, Join::Concat, &two), Ok(image(8, 8, 8)));
    assert_eq!(join("1.branches", input, Join::Add, &[input, input]), Ok(input));
    let check = |how, outputs: &[Shape], expected: &str| {
        let error = join("1.branches", input, how, outputs).unwrap_err().to_string();
        assert_eq!(error, format!("layer 1.branches cannot take 4x8x8: {expected}"));
    };
    check(
        Join::Add,
        &two,
        "path 0 gives 3x8x8 and path 1 gives 5x8x8, but shapes that are added must be equal",
    );
    let uneven = [image(3, 8, 8), image(3, 8, 7)];
    check(
        Join::Concat,
        &uneven,
        "path 0 gives 3x8x8 and path 1 gives 3x8x7, but height and width must be equal",
    );
    check(Join::Add, &[], "branches need at least one path; an empty path is the identity");
}

#[test]
fn refusals_say_what_was_found() {
    let plain =
        Conv { out_channels: 8, kernel: 3, stride: 1, padding: 0, dilation: 1, groups: 1, bias: false };
    let check = |layer: Conv, expected: &str| {
        let error = conv("3.conv", image(6, 5, 2), &layer).unwrap_err().to_string();
        assert_eq!(error, expected);
    };
    check(
        Conv { groups: 4, ..plain },
        "layer 3.conv cannot take 6x5x2: 4 groups must divide both the 6 channels that come in and the 8 filters",
    );
    check(
        plain,
        "layer 3.conv cannot take 6x5x2: its window spans 3 pixels, but only 2 are there with padding",
    );
    check(
        Conv { stride: 0, ..plain },
        "layer 3.conv cannot take 6x5x2: filters, kernel, stride, dilation and groups must be at least 1",
    );
    let bits = usize::BITS;
    check(
        Conv { padding: usize::MAX, ..plain },
        &format!("too large: the padding of 3.conv does not fit in {bits} bits"),
    );
    check(
        Conv { kernel: usize::MAX, dilation: 2, ..plain },
        &format!("too large: the window of 3.conv does not fit in {bits} bits"),
    );
    let pool = Pool { kernel: 3, stride: 1, padding: 2, ceil: false };
    assert_eq!(
        max_pool("4.max_pool", image(6, 5, 5), &pool).unwrap_err().to_string(),
        "layer 4.max_pool cannot take 6x5x5: padding 2 is more than half of the window of 3 pixels"
    );
}

/// 2^31 values are allowed, one channel more is not.
#[test]
fn the_limit_is_inclusive() {
    assert!(within_limits("0.conv", image(1 << 21, 32, 32)).is_ok());
    let error = within_limits("0.conv", image((1 << 21) + 1, 32, 32)).unwrap_err();
    assert!(matches!(error, NetError::TooLarge { .. }), "{error}");
    let error = within_limits("0.conv", image(usize::MAX, usize::MAX, 2)).unwrap_err();
    assert!(matches!(error, NetError::TooLarge { .. }), "{error}");
}
