using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Imaging;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm sample</c>.</summary>
internal static class SampleCommand
{
    /// <summary>Requests at a time; the cluster's slots serve them in turn.</summary>
    private const int ParallelOnCluster = 4;

    private static readonly Option<int> Count = new("--count") { Description = "Number of samples.", HelpName = "N", DefaultValueFactory = _ => 64 };

    private static readonly Option<string?> Run = new("--run") { Description = CommonOptions.Run.Description, HelpName = "DIR|NAME" };

    private static readonly Option<string?> Model = new("--model")
    {
        Description = "Folder of a model, in place of --run: no silo and no data are needed.",
        HelpName = "DIR",
    };

    private static readonly Option<string?> Mixing = new("--mixing")
    {
        Description = "full, top-N, sample-N, threshold-P, nucleus-P or sticky-prior.",
        HelpName = "RULE",
    };

    private static readonly Option<int?> Class = new("--class") { Description = "Class of all samples, for a class-conditional model.", HelpName = "C" };

    private static readonly Option<double?> Guidance = new("--guidance") { Description = "Classifier-free guidance weight; 1 = none.", HelpName = "W" };

    private static readonly Option<string> Picture = new("--out")
    {
        Description = "PNG file to write; how it was drawn goes beside it: x.png and x.json.",
        HelpName = "FILE",
        DefaultValueFactory = _ => "samples.png",
    };

    public static Command Create()
    {
        var command = new Command("sample", "Draw samples of a trained run or of a model folder as a picture, with a JSON file that says how.")
        {
            Run,
            Model,
            CommonOptions.Cluster,
            Count,
            CommonOptions.Seed,
            SolverOptions.Steps,
            SolverOptions.Scheduler,
            Mixing,
            Class,
            Guidance,
            Picture,
            CommonOptions.Slots,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(Run) is null) == (result.GetValue(Model) is null))
            {
                result.AddError("Give either --run, a run's folder or name, or --model, a model's folder.");
            }
        });
        command.SetAction((parsed, cancellation) => SampleAsync(parsed, cancellation));
        return command;
    }

    private static async Task<int> SampleAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(Model) is { } path)
        {
            if (parsed.GetResult(CommonOptions.Cluster) is { Implicit: false } || parsed.GetResult(CommonOptions.Slots) is { Implicit: false })
            {
                throw new CliException(ExitCode.Usage, "--cluster and --slots have no meaning with --model: it is drawn from in this process. Leave them out.");
            }

            ModelContents model = ModelFolder.Read(path);
            if (parsed.GetValue(Class) is { } wanted && (wanted < 0 || wanted >= model.Classes))
            {
                throw new CliException(ExitCode.BadConfiguration, $"--class is {wanted}; the model knows 0 to {model.Classes - 1}.");
            }

            return await SampleAsync(parsed, model.Spec, (order, ready) =>
            {
                ready();
                return new LocalSampleSource(model).SampleAsync(order, null, cancellation);
            });
        }

        if (parsed.GetValue(CommonOptions.Cluster) is { } cluster)
        {
            CommonOptions.RefuseWithCluster(parsed, CommonOptions.Slots);
            await using RunConnection connection = await RunConnection.OpenAsync(parsed.GetValue(Run)!, cluster, cancellation);
            RunStatus status = await connection.Run.GetStatusAsync(cancellation);
            if (status.Phase != RunPhase.Ready)
            {
                throw new RunNotReadyException(status.Name, status.Phase);
            }

            var source = new GrainSampleSource(connection.Grains, connection.Name, ParallelOnCluster);
            return await SampleAsync(parsed, SpecJson.Read(status.Spec), (order, _) => source.SampleAsync(order, null, cancellation));
        }

        RunFolder folder = RunFolder.Open(parsed.GetValue(Run)!);
        RunSpec spec = folder.ReadSpec();
        return await SampleAsync(parsed, spec, async (order, ready) =>
        {
            await using RunSession session = await RunSession.StartAsync(folder, spec, [], parsed.GetValue(CommonOptions.Slots), web: false, cancellation);
            await session.ReadyAsync();
            ready();
            return await session.Samples.SampleAsync(order, null, cancellation);
        });
    }

    private static async Task<int> SampleAsync(ParseResult parsed, RunSpec spec, Func<SampleOrder, Action, Task<SampledImages>> sample)
    {
        int count = parsed.GetValue(Count);
        if (count is < 1 or > 100_000)
        {
            throw new CliException(ExitCode.BadConfiguration, $"--count must be in [1, 100000], not {count}.");
        }

        SamplingSpec sampling = SolverOptions.Read(parsed, spec.Sampling) with
        {
            Guidance = parsed.GetValue(Guidance) ?? spec.Sampling.Guidance,
        };
        SpecValidator.ValidateSampling(sampling);
        string rule = spec.Experts.Count == 1 ? "full" : parsed.GetValue(Mixing) ?? spec.Mixing.Rule;
        SpecValidator.ValidateRule("--mixing", rule, spec.Experts.Count);
        int? classOf = parsed.GetValue(Class);
        if (classOf is not null && !spec.Model.ClassConditional)
        {
            throw new CliException(ExitCode.BadConfiguration, "--class needs a class-conditional model (model.classConditional); this run has none.");
        }

        if (classOf is null && parsed.GetValue(Guidance) is not (null or 1))
        {
            throw new CliException(ExitCode.BadConfiguration, "--guidance strengthens a class, so it needs --class.");
        }

        // A cluster may have lost the only silo with an expert; what one machine has lost, resume brings back.
        bool fallback = parsed.GetValue(CommonOptions.Cluster) is not null;
        var order = new SampleOrder(rule, count, parsed.GetValue(CommonOptions.Seed) ?? spec.Seed, null, sampling.Steps, sampling.Scheduler, classOf, sampling.Guidance, Fallback: fallback);
        SampledImages images = await ProgressView.RunAsync(
            parsed.GetValue(CommonOptions.Progress), progress => sample(order, () => progress.Say($"Sampling {count} images.")));
        Write(parsed, order, sampling, images);
        return ExitCode.Ok;
    }

    private static void Write(ParseResult parsed, SampleOrder order, SamplingSpec sampling, SampledImages images)
    {
        string picture = Path.GetFullPath(parsed.GetValue(Picture)!);
        int columns = (int)Math.Ceiling(Math.Sqrt(order.Count));
        int scale = Math.Max(1, 64 / images.Shape[2]);
        AtomicFile.Write(picture, ImageGrid.Encode(images.Values, images.Shape[1], images.Shape[2], images.Shape[3], columns, scale));
        string figures = Path.ChangeExtension(picture, ".json");
        string json = JsonSerializer.Serialize(
            new
            {
                seed = order.Seed,
                count = order.Count,
                steps = sampling.Steps,
                scheduler = sampling.Scheduler,
                grid = sampling.Grid,
                mixing = order.Rule,
                @class = order.Class,
                guidance = sampling.Guidance,
                expertUse = images.ExpertUse,
                droppedMass = images.DroppedMass,
                failedExperts = images.Failed,
                seconds = images.Seconds,
            },
            StatusText.Json);
        if (images.Failed.Count > 0)
        {
            Console.Error.WriteLine(
                $"ddm: No silo could evaluate {string.Join(", ", images.Failed.Select(k => $"expert-{k}"))}; the other experts drew the samples, their weights renormalised.");
        }

        AtomicFile.Write(figures, System.Text.Encoding.UTF8.GetBytes(json));
        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json
            ? JsonSerializer.Serialize(new { picture, figures })
            : $"{picture}\n{figures}");
    }
}
