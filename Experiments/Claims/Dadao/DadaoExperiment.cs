using System.Globalization;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Topologies;

using Fit = MathNet.Numerics.Fit;

namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>
/// DADAO (Nabli and Oyallon, ICML 2023, arXiv 2208.00779) on least squares: linear convergence at a rate that does not depend on the graph, √κ
/// as in accelerated methods, a known budget of exchanges, and fewer of them with optimised rates of the edges.
/// </summary>
/// <param name="settings">Settings.</param>
public sealed class DadaoExperiment(DadaoSettings settings) : ClaimExperiment
{
    private const string Halved = "cycle-halved-rates", Optimised = "barbell-optimised", Barbell = "barbell", Logistic = "grid-logistic";

    private static readonly string[] GraphArms = ["complete", "star", "grid", "cycle", Barbell];

    /// <inheritdoc/>
    public override string Name => "dadao";

    /// <inheritdoc/>
    public override string Title => "DADAO: asynchronous accelerated optimisation";

    /// <inheritdoc/>
    public override string Paper =>
        "Nabli and Oyallon, ICML 2023, arXiv 2208.00779: an accelerated, decoupled, asynchronous method needs O(n √(L/μ) log 1/ε) gradients and "
        + "O(n √(χ1 χ2) √(L/μ) log 1/ε) communications on any graph.";

    /// <inheritdoc/>
    public override object Settings => settings;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arms => [.. GraphArms, Optimised, Halved, Logistic, .. settings.Conditions.Select(ConditionArm)];

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimColumn> Columns { get; } =
    [
        new("chi1", "χ1(p)"), new("chi2", "χ2(p)"), new("lambda", "exchanges per unit, λ"), new("rate", "rate"), new("theory", "rate by theory"),
        new("exchanges", "exchanges to the target"), new("gradients", "gradients to it"), new("error", "final error"),
    ];

    /// <inheritdoc/>
    public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        Topology graph = GraphOf(arm);
        double condition = settings.Conditions.FirstOrDefault(c => ConditionArm(c) == arm, settings.Condition);
        EdgeRates rates = arm == Optimised ? EdgeRates.Optimised(graph) : EdgeRates.Uniform(graph);
        IConvexProblem problem = arm == Logistic
            ? new LogisticProblem(graph.Count, settings.Dimension, settings.LogisticSamples, settings.LogisticScale, 1, seed)
            : new QuadraticProblem(graph.Count, settings.Dimension, condition, seed);
        var process = new DadaoProcess(problem, rates, seed, arm == Halved ? 0.5 : 1);
        double time = settings.Time * Math.Sqrt(problem.Smoothness / problem.Mu / settings.Condition), initial = process.Error();
        double exchanges = double.NaN, gradients = double.NaN;
        var error = new CurveBuilder();
        error.Add(0, 1);
        while (process.Time < time && double.IsFinite(error.Last) && error.Last < 1e100)
        {
            cancellation.ThrowIfCancellationRequested();
            process.RunUntil(process.Time + settings.Every);
            error.Add(process.Time, process.Error() / initial);
            if (double.IsNaN(exchanges) && error.Last <= settings.Target)
            {
                (exchanges, gradients) = (process.Communications, process.Gradients);
            }
        }

        return new ArmRecord
        {
            Values =
            {
                ["chi1"] = rates.Chi1P,
                ["chi2"] = rates.Chi2P,
                ["lambda"] = rates.Total,
                ["rate"] = RateOf(error.Curve),
                ["theory"] = process.Parameters.TheoreticalRate,
                ["exchanges"] = exchanges,
                ["gradients"] = gradients,
                ["error"] = error.Last,
            },
            Curves = { ["error"] = error.Curve },
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gate> Gates(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        double[] diverged = [.. records.Values(Halved, "error").Select(e => e < 1 ? 0.0 : 1)];
        return
        [
            ClaimGates.Mean(
                "C9", "Linear convergence at the promised rate or faster, on every graph", "measured rate / √(μ/L)/(8√2), the slowest graph, >= 0.9 under every seed",
                records.Each(arm => GraphArms.Min(g => arm(g)["rate"] / arm(g)["theory"])),
                _ => records.Each(arm => GraphArms.Min(g => arm(g)["rate"] / arm(g)["theory"])).Min() >= 0.9),
            ClaimGates.Mean(
                "C9/logistic", "The same for logistic regression", "measured rate / √(μ/L)/(8√2), on the grid, >= 0.9 under every seed",
                records.Each(arm => arm(Logistic)["rate"] / arm(Logistic)["theory"]),
                _ => records.Each(arm => arm(Logistic)["rate"] / arm(Logistic)["theory"]).Min() >= 0.9),
            ClaimGates.Mean(
                "C9/topology", "The rate per unit of time does not depend on the graph", "fastest / slowest of five graphs <= 1.3",
                records.Each(arm => GraphArms.Max(g => arm(g)["rate"]) / GraphArms.Min(g => arm(g)["rate"])), r => r <= 1.3),
            ClaimGates.Mean(
                "C9/condition", "Acceleration: the rate falls with the square root of κ", "slope of log rate by log κ within -0.65 .. -0.35 (gradient descent: -1)",
                records.Each(Slope), s => s is >= -0.65 and <= -0.35),
            ClaimGates.Mean(
                "C10/budget", "The target costs as many exchanges as the graph's numbers say",
                $"exchanges to {Target} / (√(2 χ1(p) χ2(p)) x gradients of a peer to it), largest deviation of any graph <= 5 %",
                records.Each(arm => GraphArms.Select(g => 100 * Math.Abs((arm(g)["exchanges"] / Budget(g, arm(g))) - 1)).Aggregate(Math.Max)),
                d => d <= 5, " %"),
            ClaimGates.Mean(
                "C10/halved", "Half of the exchanges are too few, with the same constants", "final error on the cycle above the initial one, 1 = yes, under every seed",
                diverged, _ => diverged.Min() == 1, note: $"; final error / initial {ClaimGates.Text(records.Values(Halved, "error"))}"),
            ClaimGates.Mean(
                "C10", "Optimised rates of the edges save exchanges at equal accuracy", $"exchanges to {Target} on the barbell, saved against equal rates, >= 25 %",
                records.Each(arm => 100 * (1 - (arm(Optimised)["exchanges"] / arm(Barbell)["exchanges"]))), s => s >= 25, " %"),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Control> Controls(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new Control(
                "equal accuracy", "Optimised rates must not cost gradients",
                $"Gradients to the target on the barbell: equal rates {ClaimGates.Text(records.Values(Barbell, "gradients"))}, optimised {ClaimGates.Text(records.Values(Optimised, "gradients"))}; λ {Figures.Number(records.Values(Barbell, "lambda")[0], 3)} and {Figures.Number(records.Values(Optimised, "lambda")[0], 3)}"),
            new Control("simulation", "Least squares in double precision, clocks without messages", "The claim is about the method; no network, delay or failure is in it"),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            Chart("graphs", "Error by time, five graphs", GraphArms),
            Chart("conditions", "Error by time, three conditions", [.. settings.Conditions.Select(ConditionArm)]),
        ];

        ClaimChart Chart(string name, string title, IReadOnlyList<string> arms) => new(
            name, title, "gradients of a peer", "mean squared distance to the optimum / initial",
            [.. arms.Select(arm => (arm, records.Of(arm, records.Seeds[0]).Curves["error"]))], LogY: true, Seed: records.Seeds[0]);
    }

    private string Target => settings.Target.ToString("0e0", CultureInfo.InvariantCulture);

    private static string ConditionArm(double condition) => string.Create(CultureInfo.InvariantCulture, $"grid-kappa-{condition:0}");

    // Exchanges that go with the gradients, by χ1 and χ2 and not by the rate that the clocks had; NaN where the target was not reached.
    private static double Budget(string arm, ArmRecord record) =>
        Math.Sqrt(2 * record["chi1"] * record["chi2"]) * record["gradients"] / GraphOf(arm).Count;

    private static Topology GraphOf(string arm) => arm.Split('-')[0] switch
    {
        "complete" => Graphs.Complete(10),
        "star" => Graphs.Star(10),
        "grid" => Graphs.Grid(3, 3),
        "cycle" => Graphs.Ring(10),
        _ => Graphs.Barbell(10),
    };

    // Slope of the logarithm behind the first fifth, as far as rounding lets it fall.
    private static double RateOf(ArmCurve error)
    {
        double from = error.X[^1] / 5;
        (double X, double Y)[] points = [.. error.X.Zip(error.Y).Where(p => p.First >= from && p.Second is > 1e-24 and < 1e100).Select(p => (p.First, Math.Log(p.Second)))];
        return points.Length < 3 ? double.NaN : -Fit.Line([.. points.Select(p => p.X)], [.. points.Select(p => p.Y)]).B;
    }

    private double Slope(Func<string, ArmRecord> arm) => Fit.Line(
        [.. settings.Conditions.Select(c => Math.Log(c))], [.. settings.Conditions.Select(c => Math.Log(arm(ConditionArm(c))["rate"]))]).B;
}
