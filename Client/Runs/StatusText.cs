using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Runs;

/// <summary>The status of a run, for people and for programs.</summary>
internal static class StatusText
{
    /// <summary>How <c>status.json</c> and <c>--format json</c> write a status.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes a status to stdout.</summary>
    /// <param name="status">The status.</param>
    /// <param name="live">Whether a process drives the run now.</param>
    /// <param name="format">How.</param>
    /// <param name="underReplicated">Models of which too few silos hold what they need; null = not known.</param>
    public static void Write(RunStatus status, bool live, OutputFormat format, string[]? underReplicated = null)
    {
        if (format == OutputFormat.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { live, phase = PhaseOf(status, live), status, underReplicated }, Json));
            return;
        }

        Console.WriteLine($"{status.Name}  {PhaseOf(status, live)}  spec {status.SpecHash[..Math.Min(12, status.SpecHash.Length)]}");
        foreach (ModelStatus model in status.Models)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {model.Role,-10}{model.Phase.ToString().ToLowerInvariant(),-9} step {model.Step}/{model.Steps}  loss {Number(model.Loss)}  validation {Number(model.ValidationLoss)}  checkpoints {model.Checkpoints.Length}{On(model)}"));
            if (model.Island is { } island)
            {
                Console.WriteLine("            " + IslandOf(island));
            }
        }

        if (status.Waiting is not null)
        {
            Console.WriteLine("  waiting for " + status.Waiting);
        }

        if (underReplicated is { Length: > 0 })
        {
            Console.WriteLine($"  under-replicated: {string.Join(", ", underReplicated)}: fewer silos than wanted hold what they need");
        }

        if (status.Message is not null)
        {
            Console.WriteLine("  " + status.Message);
        }
    }

    /// <summary>An island in one line.</summary>
    public static string IslandOf(IslandStatus island) => string.Create(
        CultureInfo.InvariantCulture,
        $"{island.Protocol}, round {island.Round}/{island.Rounds}, {island.Peers} peers ({island.Unreachable} unreachable, {island.Returns} returns), {island.Counts.ModelsReceived} models of {island.Counts.ModelBytes / 1e6:0.0} MB received{PackedOf(island.Counts)}, {island.Counts.FramesSent} frames of {island.Counts.FrameBytes / 1e6:0.00} MB, {island.Counts.Refused} refused");

    // Where models were compressed: what they would have taken otherwise.
    private static string PackedOf(PeerCounts counts) => counts.WholeBytes > counts.ModelBytes
        ? string.Create(CultureInfo.InvariantCulture, $" instead of {counts.WholeBytes / 1e6:0.0} MB")
        : string.Empty;

    /// <summary>The phase in words; a run that no process drives is interrupted where its last status says it was at work.</summary>
    public static string PhaseOf(RunStatus status, bool live) =>
        !live && status.Phase is (RunPhase.Preparing or RunPhase.Training or RunPhase.Stopping)
            ? "interrupted"
            : status.Phase.ToString().ToLowerInvariant();

    private static string On(ModelStatus model) => model is { Device: { } device, Silo: { } silo } ? $"  on {silo} ({device})" : string.Empty;

    private static string Number(double? value) => value is { } v ? v.ToString("0.0000", CultureInfo.InvariantCulture) : "–";
}
