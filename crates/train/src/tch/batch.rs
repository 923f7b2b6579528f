//! Batches from bytes: made by the processor for itself, and gathered on the card from images that lie there.

use data::augment;
use data::images::{ImageShape, Images};
use libtorch::error::TorchError;
use libtorch::tch::{self, Kind, Tensor};

use super::parameters::channels_last;
use crate::learner::Step;

/// Images where the steps will find them.
#[derive(Debug)]
pub(super) enum Source {
    /// In the processor's memory, as they came.
    Host(Images),
    /// On a card.
    Card(Card),
}

/// Images on a card as bytes, with a border of zero bytes that shifts reach into.
#[derive(Debug)]
pub(super) struct Card {
    /// (images x padded height x padded width, channels).
    pixels: Tensor,
    /// Class of every image.
    labels: Tensor,
    shape: ImageShape,
    /// Pixels of the border.
    border: i64,
}

/// What a sequence of steps takes from the images.
#[derive(Debug)]
pub(super) enum Plan<'a> {
    /// Images by number.
    Host(&'a Images),
    /// Indices, shifts and flips of all steps: (steps, batch, 4), already on the card.
    Card(&'a Card, Tensor),
}

impl Source {
    /// Moves images to where they are needed; no step shifts them by more than `border`.
    pub(super) fn new(images: Images, border: u8, device: tch::Device) -> Result<Source, TorchError> {
        if device.is_cuda() { Source::gathering(images, border, device) } else { Ok(Source::Host(images)) }
    }

    /// Images that batches are gathered from on the device.
    pub(super) fn gathering(images: Images, border: u8, device: tch::Device) -> Result<Source, TorchError> {
        let ImageShape { channels, height, width } = images.shape;
        let [channels, height, width] = [channels, height, width].map(|side| side as i64);
        let count = images.len() as i64;
        let border = i64::from(border);
        let bytes = Tensor::f_from_data_size(&images.pixels, &[count, channels, height, width], Kind::Uint8)?;
        let bytes = bytes.f_to_device(device)?.f_permute([0, 2, 3, 1])?;
        let padded = bytes.f_constant_pad_nd([0, 0, border, border, border, border])?;
        let pixels = padded.f_contiguous()?.f_view([-1, channels])?;
        let labels: Vec<i64> = images.labels.iter().map(|&label| i64::from(label)).collect();
        let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?;
        Ok(Source::Card(Card { pixels, labels, shape: images.shape, border }))
    }

    /// Sends what `steps` need ahead, in one piece.
    pub(super) fn plan(&self, steps: &[Step]) -> Result<Plan<'_>, TorchError> {
        match self {
            Source::Host(images) => Ok(Plan::Host(images)),
            Source::Card(card) => {
                let reach = |step: &Step| {
                    step.augment.iter().map(|one| one.dx.unsigned_abs().max(one.dy.unsigned_abs())).max()
                };
                let reach = steps.iter().filter_map(reach).max().unwrap_or(0);
                if i64::from(reach) > card.border {
                    let border = card.border;
                    return Err(TorchError(format!("a shift of {reach} pixels into a border of {border}")));
                }
                let mut numbers = Vec::with_capacity(steps.iter().map(|step| 4 * step.indices.len()).sum());
                for step in steps {
                    for (&index, augment) in step.indices.iter().zip(&step.augment) {
                        let (dx, dy) = (i64::from(augment.dx), i64::from(augment.dy));
                        numbers.extend([i64::from(index), dx, dy, i64::from(augment.flip)]);
                    }
                }
                let batch = steps.first().map_or(0, |step| step.indices.len()) as i64;
                let numbers = Tensor::f_from_slice(&numbers)?.f_view([-1, batch, 4])?;
                Ok(Plan::Card(card, numbers.f_to_device(card.pixels.device())?))
            }
        }
    }
}

impl Plan<'_> {
    /// The batch of the step at `place` of those planned: (batch, channels, height, width) with channels innermost, and
    /// labels.
    pub(super) fn batch(
        &self,
        values: &Values,
        place: usize,
        step: &Step,
    ) -> Result<(Tensor, Tensor), TorchError> {
        match self {
            Plan::Host(images) => {
                let labels: Vec<i64> =
                    step.indices.iter().map(|&index| i64::from(images.labels[index as usize])).collect();
                Ok((on_host(images, values, step)?, Tensor::f_from_slice(&labels)?))
            }
            Plan::Card(card, numbers) => card.gather(values, &numbers.f_select(0, place as i64)?),
        }
    }
}

/// What stands for each byte of an image, channel by channel.
#[derive(Debug)]
pub(super) struct Values {
    host: [[f32; 256]; 3],
    /// One row of 256 after the other.
    table: Tensor,
}

impl Values {
    pub(super) fn new(host: [[f32; 256]; 3], device: tch::Device) -> Result<Values, TorchError> {
        let table = Tensor::f_from_slice(host.as_flattened())?.f_to_device(device)?;
        Ok(Values { host, table })
    }
}

/// A batch made by the processor.
fn on_host(images: &Images, values: &Values, step: &Step) -> Result<Tensor, TorchError> {
    let shape = images.shape;
    let mut pixels = vec![0f32; step.indices.len() * shape.bytes()];
    let sources = step.indices.iter().zip(&step.augment);
    for (out, (&index, &augment)) in pixels.chunks_exact_mut(shape.bytes().max(1)).zip(sources) {
        augment::apply(images.image(index as usize), shape, augment, &values.host, out);
    }
    let sides = [shape.channels, shape.height, shape.width].map(|side| side as i64);
    channels_last(&Tensor::f_from_slice(&pixels)?.f_view([-1, sides[0], sides[1], sides[2]])?)
}

impl Card {
    /// Gathers a batch; `numbers` (batch, 4): index, dx, dy, flip.
    fn gather(&self, values: &Values, numbers: &Tensor) -> Result<(Tensor, Tensor), TorchError> {
        let ImageShape { channels, height, width } = self.shape;
        let [channels, height, width] = [channels, height, width].map(|side| side as i64);
        let options = (Kind::Int64, self.pixels.device());
        let column = |place| numbers.f_narrow(1, place, 1);
        let (index, dx, dy, flip) = (column(0)?, column(1)?, column(2)?, column(3)?);
        // Pixel (y, x) of the result is pixel (y - dy, x - dx) of the flipped image, and column c of that is column
        // width - 1 - c of the image.
        let y = Tensor::f_arange(height, options)?.f_sub(&dy)?.f_add_scalar(self.border)?;
        let x = Tensor::f_arange(width, options)?.f_sub(&dx)?;
        let mirrored = x.f_neg()?.f_add_scalar(width - 1)?;
        let x = mirrored.f_where_self(&flip.f_to_kind(Kind::Bool)?, &x)?.f_add_scalar(self.border)?;
        let (high, wide) = (height + 2 * self.border, width + 2 * self.border);
        let rows = index.f_mul_scalar(high)?.f_add(&y)?.f_mul_scalar(wide)?;
        let places = rows.f_unsqueeze(2)?.f_add(&x.f_unsqueeze(1)?)?.f_view([-1])?;
        let bytes = self.pixels.f_index_select(0, &places)?.f_to_kind(Kind::Int64)?;
        let tables = Tensor::f_arange(channels, options)?.f_mul_scalar(256)?;
        let images = values.table.f_index_select(0, &bytes.f_add(&tables)?.f_view([-1])?)?;
        let images = images.f_view([-1, height, width, channels])?.f_permute([0, 3, 1, 2])?;
        Ok((images, self.labels.f_index_select(0, &index.f_view([-1])?)?))
    }
}
