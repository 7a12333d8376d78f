using System.Text.Json;

using OrleansDDM.Benchmarks;
using OrleansDDM.Benchmarks.Islands;
using OrleansDDM.Benchmarks.Runs;
using OrleansDDM.Benchmarks.Sampling;
using OrleansDDM.Benchmarks.Steps;

// dotnet run --project Benchmarks -c Release -- NAME [--only PART] [--json FILE]
if (args is [PeerSilo.Command])
{
    return await PeerSilo.RunAsync();
}

string? only = Option("--only");
string? file = Option("--json");
var benchmarks = new Dictionary<string, Func<BenchmarkReport>>
{
    ["step"] = () => StepBenchmark.Run(only),
    ["predict"] = PredictBenchmark.Run,
    ["memory"] = MemoryBenchmark.Run,
    ["run"] = EnsembleBenchmark.Run,
    ["grain"] = GrainBenchmark.Run,
    ["sampling"] = SamplingBenchmark.Run,
    ["precision"] = PrecisionBenchmark.Run,
    ["islands"] = IslandsBenchmark.Run,
    ["peers"] = () => PeersBenchmark.Run(only),
};
int options = (only is null ? 0 : 2) + (file is null ? 0 : 2);
var parts = new Dictionary<string, IReadOnlyList<string>> { ["step"] = StepModel.Names, ["peers"] = PeersBenchmark.Parts };
bool valid = args.Length == 1 + options && (only is null || (parts.TryGetValue(args[0], out IReadOnlyList<string>? names) && names.Contains(only)));
if (!valid || !benchmarks.TryGetValue(args[0], out Func<BenchmarkReport>? run))
{
    Console.Error.WriteLine($"usage: Benchmarks NAME [--only PART] [--json FILE]; NAME is one of {string.Join(", ", benchmarks.Keys)}; PART is for {string.Join("; for ", parts.Select(p => $"{p.Key}: {string.Join(" or ", p.Value)}"))}");
    return 2;
}

BenchmarkReport report;
try
{
    report = run();
}
catch (OperationCanceledException)
{
    return 130;
}

report.PrintRatios();
if (file is not null)
{
    File.WriteAllText(file, JsonSerializer.Serialize(report, BenchmarkReport.Json));
}

return 0;

string? Option(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 1 && at + 1 < args.Length ? args[at + 1] : null;
}
