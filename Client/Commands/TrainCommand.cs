using System.CommandLine;
using System.Globalization;

using OrleansDDM.Client.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm train</c>.</summary>
internal static class TrainCommand
{
    private static readonly Argument<string?> SpecFile = new("spec")
    {
        Description = "JSON file of the run's spec; keys that it leaves out take their default.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Data = new("--data")
    {
        Description = "Data set: shapes, mnist, fashion-mnist, cifar-10, digits, or a path. Sets data.name; without a spec file it also chooses what the spec begins with (model, steps, mixing rule).",
        HelpName = "NAME|PATH",
    };

    private static readonly Option<string?> Name = new("--name") { Description = "Name of the run; the data set's name by default.", HelpName = "NAME" };

    private static readonly Option<int?> Peers = new("--peers")
    {
        Description = "Train each model by an island of peers that hold shards of the data. Sets islands.peers.",
        HelpName = "N",
    };

    private static readonly Option<string?> Protocol = new("--protocol")
    {
        Description = $"How the peers of an island agree on a model: {string.Join(", ", IslandsSpec.Protocols)}. Sets islands.protocol.",
        HelpName = "NAME",
    };

    public static Command Create()
    {
        var command = new Command("train", "Cluster a data set, train one expert per cluster and a router, sample and judge them.")
        {
            SpecFile,
            Data,
            Name,
            Peers,
            Protocol,
            CommonOptions.Seed,
            CommonOptions.Set,
            CommonOptions.DataRoot,
            CommonOptions.Out,
            CommonOptions.Force,
            CommonOptions.Slots,
            CommonOptions.Web,
            CommonOptions.Cluster,
            CommonOptions.Progress,
        };
        command.Validators.Add(result =>
        {
            // Otherwise a mistyped option would be looked for as a file.
            if (result.GetValue(SpecFile) is ['-', ..] option)
            {
                result.AddError($"Unrecognized command or argument '{option}'.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string? data = SpecSource.DataOf(parsed.GetValue(Data));
            RunSpec preset = Presets.For(data ?? "shapes");
            preset = preset with { Name = SpecSource.NameOf(preset.Name) };
            IEnumerable<string> overrides = parsed.GetValue(CommonOptions.Set)!;
            if (data is not null && parsed.GetValue(SpecFile) is not null)
            {
                overrides = ["data.name=" + data, .. overrides];
            }

            overrides = [.. overrides, .. Flag("islands.peers", parsed.GetValue(Peers)), .. Flag("islands.protocol", parsed.GetValue(Protocol))];
            RunSpec spec = SpecSource.Read(
                preset, parsed.GetValue(SpecFile), overrides, parsed.GetValue(Name), parsed.GetValue(CommonOptions.Seed));
            if (parsed.GetValue(CommonOptions.Cluster) is { } cluster)
            {
                CommonOptions.RefuseWithCluster(parsed, CommonOptions.Out, CommonOptions.Slots, CommonOptions.DataRoot, CommonOptions.Web);
                return await ClusterFlow.RunAsync(
                    spec, cluster, parsed.GetValue(CommonOptions.Force), parsed.GetValue(CommonOptions.Progress), cancellation);
            }

            var folder = new RunFolder(parsed.GetValue(CommonOptions.Out) ?? Path.Combine("runs", spec.Name));
            return await RunFlow.RunAsync(
                spec,
                folder,
                parsed.GetValue(CommonOptions.Force),
                parsed.GetValue(CommonOptions.DataRoot)!,
                parsed.GetValue(CommonOptions.Slots),
                parsed.GetValue(CommonOptions.Progress),
                parsed.GetValue(CommonOptions.Web),
                cancellation);
        });
        return command;
    }

    private static IEnumerable<string> Flag(string key, object? value) =>
        value is null ? [] : [string.Create(CultureInfo.InvariantCulture, $"{key}={value}")];
}
