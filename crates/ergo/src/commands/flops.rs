//! `ergo flops`: what one network costs, layer by layer.

use data::set::SetName;
use law::number::short;
use net::cost::Descent;
use net::family;
use net::network::{Network, Node, Parameter, Shape};
use record::output::{FlopsOutput, LayerOutput};
use record::run::{FLOPS_CONVENTION, OPTIMIZER_CONVENTION};
use record::units::{FLOPS_PER_PFS_DAY, Flops};
use report::label::{grouped, wrap};

use crate::arguments;
use crate::cli;
use crate::exit::{self, Exit};
use crate::output::{self, Format};
use crate::table::aligned;

/// Arguments of `ergo flops`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ergo flops lenet5 --data mnist\n  ergo flops resnet50 --examples 1281167 --epochs 90\n  \
                  ergo flops cnn-w16-d2 --input 3x64x64 --classes 100 --json"
)]
pub struct Args {
    /// Network by name, for example lenet5, cnn-w16-d2, resnet20-w16 or resnet50.
    net: String,
    /// Count on the images and classes of this data set.
    #[arg(long, value_parser = cli::set_name(), conflicts_with = "input")]
    data: Option<SetName>,
    /// Count on images of this shape: channels x height x width.
    #[arg(long, value_name = "CxHxW", value_parser = shape)]
    input: Option<Shape>,
    /// Number of classes, if not the data set's.
    #[arg(long, value_parser = cli::count)]
    classes: Option<u64>,
    /// Training images, for the cost of a whole training.
    #[arg(long, requires = "epochs", allow_negative_numbers = true, value_parser = cli::count)]
    examples: Option<u64>,
    /// Passes over them, such as 90 or 0.5; rounded up to whole images.
    #[arg(long, requires = "examples", allow_negative_numbers = true, value_parser = arguments::positive)]
    epochs: Option<f64>,
}

/// Columns of the longest line.
const MOST_COLUMNS: usize = 100;

/// The optimizer of `ergo train` unless it is told otherwise.
const DESCENT: Descent = Descent { has_momentum: true, has_weight_decay: true };

/// Counts and prints.
///
/// # Errors
/// A network that is unknown or does not fit the images, or a total that 128 bits cannot hold.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let (input, classes) = image(args)?;
    let network = family::build(&args.net, input, classes)
        .map_err(|error| anyhow::Error::new(error).context(format!("network `{}` on {input}", args.net)))?;
    if args.data.is_none() && args.input.is_none() && family::natural_input(&args.net).is_none() {
        output::note("neither --data nor --input was given: counting on the images of mnist, 1x28x28");
    }
    let counted = count(&network, args)?;
    output::result(format, &counted, || text(&counted))?;
    Ok(Exit::Done)
}

/// The image and the number of classes that were asked for, or that the network was made for, or those of mnist.
fn image(args: &Args) -> anyhow::Result<(Shape, usize)> {
    let (shape, classes) = match (args.data, args.input, family::natural_input(&args.net)) {
        (Some(set), _, _) => of_set(set),
        (None, Some(shape), natural) => (shape, natural.map_or(10, |(_, classes)| classes)),
        (None, None, Some(natural)) => natural,
        (None, None, None) => of_set(SetName::Mnist),
    };
    let classes = match args.classes {
        Some(classes) => usize::try_from(classes)?,
        None => classes,
    };
    Ok((shape, classes))
}

fn of_set(set: SetName) -> (Shape, usize) {
    let shape = set.shape();
    (Shape { channels: shape.channels, height: shape.height, width: shape.width }, set.classes())
}

fn count(network: &Network, args: &Args) -> anyhow::Result<FlopsOutput> {
    let train_flops = Flops::of_macs(network.training_macs());
    let images = match (args.examples, args.epochs) {
        (Some(examples), Some(epochs)) => Some(images(examples, epochs)?),
        _ => None,
    };
    let total = images.map(|images| total(train_flops, images)).transpose()?;
    Ok(FlopsOutput {
        net: network.name.clone(),
        input: network.input.to_string(),
        params: network.parameter_count(),
        macs: network.macs(),
        forward_flops: Flops::of_macs(network.macs()),
        train_flops,
        convention: FLOPS_CONVENTION.to_owned(),
        optimizer_flops_per_step: Flops(network.update_operations(DESCENT, 1)),
        optimizer_convention: OPTIMIZER_CONVENTION.to_owned(),
        images,
        total_train_flops: total,
        pfs_days: total.map(|total| total as f64 / FLOPS_PER_PFS_DAY),
        layers: network.leaves().into_iter().map(|node| layer(network, node)).collect(),
    })
}

/// Images that `epochs` passes over `examples` see; a last part of one counts whole, as training rounds its steps up.
fn images(examples: u64, epochs: f64) -> anyhow::Result<u128> {
    let passes = epochs.trunc();
    let too_many = || exit::bad_input(format!("--epochs {epochs}: expected less than 2^64"));
    // Below 2^64 the conversion is exact.
    let whole = (passes < 18_446_744_073_709_551_616.0).then_some(passes as u128).ok_or_else(too_many)?;
    let part = (epochs - passes) * examples as f64;
    // 0.1 passes over 60,000 images are 6,000.000000000001 of them in binary.
    let part = if (part - part.round()).abs() < 1e-6 { part.round() } else { part.ceil() };
    Ok(whole * u128::from(examples) + part as u128)
}

fn total(train_flops: Flops, images: u128) -> anyhow::Result<u128> {
    u128::from(train_flops.0).checked_mul(images).ok_or_else(|| {
        exit::bad_input(format!(
            "{} FLOPs x {images} images: expected less than 2^128 FLOPs in all",
            train_flops.0
        ))
    })
}

fn layer(network: &Network, node: &Node) -> LayerOutput {
    let parameters = network.parameters.get(node.parameters.clone()).unwrap_or_default();
    let trained = parameters.iter().filter(|parameter| parameter.role.is_trained());
    LayerOutput {
        name: node.name.clone(),
        output: node.output.to_string(),
        params: trained.map(Parameter::elements).sum(),
        macs: node.macs(),
        forward_flops: Flops::of_macs(node.macs()),
        input_gradient_flops: Flops::of_macs(if node.input_needs_gradient { node.macs() } else { 0 }),
        weight_gradient_flops: Flops::of_macs(node.macs()),
        train_flops: Flops::of_macs(node.training_macs()),
    }
}

fn text(counted: &FlopsOutput) -> String {
    let mut rows = vec![
        ["layer", "output", "params", "MACs", "input gradient", "train FLOPs"].map(str::to_owned).to_vec(),
    ];
    rows.extend(counted.layers.iter().map(|layer| {
        let numbers =
            [layer.params, layer.macs, layer.input_gradient_flops.0, layer.train_flops.0].map(grouped);
        let [params, macs, inputs, train] = numbers;
        vec![layer.name.clone(), layer.output.clone(), params, macs, inputs, train]
    }));
    let inputs = counted.layers.iter().map(|layer| layer.input_gradient_flops.0).sum();
    let numbers = [counted.params, counted.macs, inputs, counted.train_flops.0].map(grouped);
    let [params, macs, inputs, train] = numbers;
    rows.push(vec!["total".to_owned(), String::new(), params, macs, inputs, train]);
    let mut text = format!("{} on {}, one image\n\n{}", counted.net, counted.input, aligned(&rows, 2));
    text.push_str(&format!("\nforward  {} FLOPs\n", grouped(counted.forward_flops.0)));
    text.push_str(&format!("train    {} FLOPs\n", grouped(counted.train_flops.0)));
    let optimizer = grouped(counted.optimizer_flops_per_step.0);
    text.push_str(&format!("descent  {optimizer} FLOPs a step, whatever its batch, apart from these\n"));
    if let (Some(images), Some(total), Some(days)) =
        (counted.images, counted.total_train_flops, counted.pfs_days)
    {
        let work = format!("{} images", grouped(images));
        text.push_str(&format!("in all   {} FLOPs, {} pfs-days: {work}\n", grouped(total), short(days, 4)));
    }
    let convention = wrap(&counted.optimizer_convention, |line| line.len() <= MOST_COLUMNS).join("\n");
    format!("{text}\n{}\n{convention}\n", counted.convention)
}

/// Parses `CxHxW`.
fn shape(text: &str) -> Result<Shape, String> {
    let sides: Option<Vec<usize>> =
        text.split('x').map(|side| side.parse().ok().filter(|&n| n > 0)).collect();
    match sides.as_deref() {
        Some(&[channels, height, width]) => Ok(Shape { channels, height, width }),
        _ => Err("expected channels x height x width, for example 3x32x32".to_owned()),
    }
}
