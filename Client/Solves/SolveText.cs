using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Contracts.Solves;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Solves;

/// <summary>What is told of a solve.</summary>
internal static class SolveText
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>One line of progress.</summary>
    internal static string Progress(SolveSpec spec, SolveStatus status) => status.Message ?? (status.Peers == 0
        ? "Loading the data and dealing it out."
        : Text($"{status.Seconds:0} s: {(double)status.Gradients / spec.Peers:0.0} gradients a peer, {status.Exchanges} exchanges, {Bound(status)}"));

    /// <summary>The result on stdout.</summary>
    internal static void Write(TextWriter output, SolveSpec spec, SolveStatus status, double? distance, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            output.WriteLine(System.Text.Encoding.UTF8.GetString(Json(spec, status, distance)));
            return;
        }

        output.WriteLine(Text($"{spec.Name}: {status.Phase.ToString().ToLowerInvariant()} in {status.Seconds:0.0} s"));
        Row("problem", Text($"{status.Samples} inputs, {status.Parameters} parameters, μ {status.Mu:0.####}, L {status.Smoothness:0.####}, condition {status.Smoothness / status.Mu:0.0}"));
        Row("peers", Text($"{status.Peers}, {spec.Topology}, {spec.Rates} rates, at least λ = {status.Rate:0.0} exchanges a unit, unit {status.UnitSeconds:0.###} s"));
        Row("gradients", Text($"{status.Gradients}, {(double)status.Gradients / spec.Peers:0.0} a peer"));
        Row("exchanges", Text($"{status.Exchanges}, {(double)status.Exchanges * spec.Peers / Math.Max(1, status.Gradients):0.0} for each gradient of all peers"));
        Row("distance to x*", Bound(status) + (distance is { } d ? Text($"; measured {d:0.00e+0}") : ""));
        Row("disagreement", Text($"{status.Disagreement:0.00e+0}"));
        Row("imbalance", Text($"{status.Imbalance:0.00e+0}"));
        Row("objective", Text($"{status.Objective:0.0000}"));
        Row("test accuracy", Text($"{100 * status.TestAccuracy:0.0} %"));
        Row("returns of peers", Text($"{status.Returns}"));

        void Row(string name, string value) => output.WriteLine($"  {name,-18}{value}");
    }

    /// <summary>The result as JSON; what is not known is null.</summary>
    internal static byte[] Json(SolveSpec spec, SolveStatus status, double? distance) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            status.Name,
            status.Phase,
            status.Message,
            Spec = JsonSerializer.Deserialize<JsonElement>(spec.ToJson()),
            status.Peers,
            status.Unreachable,
            status.Parameters,
            status.Samples,
            status.Mu,
            status.Smoothness,
            status.Rate,
            status.UnitSeconds,
            status.Gradients,
            status.Exchanges,
            Bound = Known(status.Bound),
            Distance = distance,
            Disagreement = Known(status.Disagreement),
            Imbalance = Known(status.Imbalance),
            Objective = Known(status.Objective),
            TestAccuracy = Known(status.TestAccuracy),
            status.Returns,
            status.Counts,
            status.Seconds,
        },
        Options);

    /// <summary>The solution as weight (classes, pixels) and bias (classes): the logits of an image v of pixels are weight · v/‖v‖ + bias.</summary>
    internal static SafetensorsEntry[] Tensors(double[] weights, SolveStatus status)
    {
        int classes = status.Classes, width = weights.Length / classes;
        double[] scaled = [.. weights.Select(w => w * Math.Sqrt(0.5))];
        double[][] rows = [.. scaled.Chunk(width)];
        return
        [
            SafetensorsEntry.Of("weight", [classes, width - 1], (ReadOnlySpan<double>)[.. rows.SelectMany(r => r[..^1])]),
            SafetensorsEntry.Of("bias", [classes], (ReadOnlySpan<double>)[.. rows.Select(r => r[^1])]),
        ];
    }

    private static string Bound(SolveStatus status) => double.IsNaN(status.Bound) ? "not known yet" : Text($"at most {status.Bound:0.00e+0}");

    private static double? Known(double value) => double.IsFinite(value) ? value : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
