//! `ergo flops`: what one network costs, layer by layer.

use data::set::SetName;
use net::family;
use net::network::{Network, Node, Parameter, Shape};
use record::output::{FlopsOutput, LayerOutput};
use record::run::FLOPS_CONVENTION;
use record::units::Flops;
use report::label::grouped;

use crate::cli;
use crate::exit::{self, Exit};
use crate::output::{self, Format};

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
    /// Passes over them.
    #[arg(long, requires = "examples", allow_negative_numbers = true, value_parser = cli::count)]
    epochs: Option<u64>,
}

/// Counts and prints.
///
/// # Errors
/// A network that is unknown or does not fit the images, or a total that 64 bits cannot hold.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let (input, classes) = image(args)?;
    let network = family::build(&args.net, input, classes)
        .map_err(|error| anyhow::Error::new(error).context(format!("network `{}` on {input}", args.net)))?;
    if args.data.is_none() && args.input.is_none() && family::natural_input(&args.net).is_none() {
        output::note("neither --data nor --input was given: counting on the images of mnist, 1x28x28");
    }
    let counted = count(&network, args)?;
    output::result(format, &counted, || text(&counted, args))?;
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
    let total = match (args.examples, args.epochs) {
        (Some(examples), Some(epochs)) => Some(total(train_flops, examples, epochs)?),
        _ => None,
    };
    Ok(FlopsOutput {
        net: network.name.clone(),
        input: network.input.to_string(),
        params: network.parameter_count(),
        macs: network.macs(),
        forward_flops: Flops::of_macs(network.macs()),
        train_flops,
        convention: FLOPS_CONVENTION.to_owned(),
        total_train_flops: total,
        pfs_days: total.map(Flops::pfs_days),
        layers: network.leaves().into_iter().map(|node| layer(network, node)).collect(),
    })
}

fn total(train_flops: Flops, examples: u64, epochs: u64) -> anyhow::Result<Flops> {
    let total = train_flops.0.checked_mul(examples).and_then(|flops| flops.checked_mul(epochs));
    total.map(Flops).ok_or_else(|| {
        exit::bad_input(format!(
            "{} FLOPs x {examples} examples x {epochs} epochs: expected less than 2^64 FLOPs in all",
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
        train_flops: Flops::of_macs(node.training_macs()),
    }
}

fn text(counted: &FlopsOutput, args: &Args) -> String {
    let mut rows = vec![["layer", "output", "params", "MACs", "train FLOPs"].map(str::to_owned)];
    rows.extend(counted.layers.iter().map(|layer| {
        let numbers = [layer.params, layer.macs, layer.train_flops.0].map(grouped);
        let [params, macs, train] = numbers;
        [layer.name.clone(), layer.output.clone(), params, macs, train]
    }));
    let [params, macs, train] = [counted.params, counted.macs, counted.train_flops.0].map(grouped);
    rows.push(["total".to_owned(), String::new(), params, macs, train]);
    let mut text = format!("{} on {}, one image\n\n{}", counted.net, counted.input, aligned(&rows));
    text.push_str(&format!("\nforward  {} FLOPs\n", grouped(counted.forward_flops.0)));
    text.push_str(&format!("train    {} FLOPs\n", grouped(counted.train_flops.0)));
    if let (Some(total), Some(days)) = (counted.total_train_flops, counted.pfs_days) {
        let (examples, epochs) = (args.examples.unwrap_or(0), args.epochs.unwrap_or(0));
        let work = format!("{} images x {} epochs", grouped(examples), grouped(epochs));
        text.push_str(&format!("in all   {} FLOPs, {days:.3e} pfs-days: {work}\n", grouped(total.0)));
    }
    format!("{text}\n{}\n", counted.convention)
}

/// Two columns of words to the left, the numbers to the right.
fn aligned(rows: &[[String; 5]]) -> String {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let line = |row: &[String; 5]| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 | 1 => format!("{cell:<width$}", width = width(column)),
            _ => format!("{cell:>width$}", width = width(column)),
        });
        cells.collect::<Vec<_>>().join("  ") + "\n"
    };
    rows.iter().map(line).collect()
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
