using System.Globalization;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>Maps values to positions on the page and chooses round tick values (1, 2 or 5 times a power of ten).</summary>
public sealed class ChartAxis
{
    private const int MostTicks = 12;

    private readonly double _from;
    private readonly double _to;

    private ChartAxis(double low, double high, bool isLog, IReadOnlyList<double> ticks, double from, double to)
    {
        (Low, High, IsLog, Ticks, _from, _to) = (low, high, isLog, ticks, from, to);
    }

    /// <summary>Value at the start of the axis.</summary>
    public double Low { get; }

    /// <summary>Value at the end of the axis.</summary>
    public double High { get; }

    /// <summary>Whether equal distances are equal ratios.</summary>
    public bool IsLog { get; }

    /// <summary>Tick values, ascending, from <see cref="Low"/> to <see cref="High"/>.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Whether values ask for a logarithmic axis: all finite ones are positive and span more than a factor of ten.</summary>
    public static bool AsksForLog(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        return finite.Length > 1 && finite.Min() > 0 && finite.Max() / finite.Min() > 10;
    }

    /// <summary>A linear axis.</summary>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">Largest value; a range that is empty or not finite is replaced by one that is not.</param>
    /// <param name="from">Position of the low end.</param>
    /// <param name="to">Position of the high end.</param>
    /// <param name="widen">Whether the ends move out to the next ticks.</param>
    public static ChartAxis Linear(double low, double high, double from, double to, bool widen = true)
    {
        (low, high) = Proper(low, high);
        double step = NiceStep((high - low) / 4);
        double first = widen ? Math.Floor(low / step + 1e-9) : Math.Ceiling(low / step - 1e-9);
        double last = widen ? Math.Ceiling(high / step - 1e-9) : Math.Floor(high / step + 1e-9);
        int count = (int)Math.Clamp(last - first + 1, 0, MostTicks);
        double[] ticks = [.. Enumerable.Range(0, count).Select(i => (first + i) * step)];
        return widen
            ? new ChartAxis(first * step, last * step, false, ticks, from, to)
            : new ChartAxis(low, high, false, ticks, from, to);
    }

    /// <summary>A logarithmic axis, whose ends move out to the next ticks.</summary>
    /// <param name="low">Smallest value, &gt; 0.</param>
    /// <param name="high">Largest value.</param>
    /// <param name="from">Position of the low end.</param>
    /// <param name="to">Position of the high end.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="low"/> is not positive.</exception>
    public static ChartAxis Log(double low, double high, double from, double to)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(low);
        high = double.IsFinite(high) && high > low ? high : low * 10;
        double[] digits = Math.Log10(high / low) > 2 ? [1] : [1, 2, 5];
        int firstDecade = (int)Math.Floor(Math.Log10(low));
        int lastDecade = (int)Math.Ceiling(Math.Log10(high));
        double[] all =
        [
            .. Enumerable.Range(firstDecade, lastDecade - firstDecade + 1)
                .SelectMany(decade => digits.Select(digit => double.Parse(FormattableString.Invariant($"{digit}e{decade}"), CultureInfo.InvariantCulture))),
        ];
        double first = all.Last(tick => tick <= low * (1 + 1e-9));
        double last = all.First(tick => tick >= high * (1 - 1e-9));
        double[] ticks = [.. all.Where(tick => tick >= first && tick <= last)];
        int stride = (ticks.Length + MostTicks - 1) / MostTicks;
        return new ChartAxis(first, last, true, [.. ticks.Where((_, i) => i % stride == 0)], from, to);
    }

    /// <summary>The position of a value; NaN where it has none.</summary>
    public double Position(double value)
    {
        double share = IsLog
            ? value > 0 ? Math.Log(value / Low) / Math.Log(High / Low) : double.NaN
            : (value - Low) / (High - Low);
        return double.IsFinite(share) ? _from + share * (_to - _from) : double.NaN;
    }

    /// <summary>A tick's text.</summary>
    public string Label(double tick)
    {
        double size = Math.Max(Math.Abs(Low), Math.Abs(High));
        if (tick != 0 && (Math.Abs(tick) < 1e-3 && IsLog || size < 1e-3 || size >= 1e6))
        {
            return tick.ToString("0.##e0", CultureInfo.InvariantCulture);
        }

        double step = IsLog ? tick : Ticks.Count > 1 ? Ticks[1] - Ticks[0] : 1;
        int decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(step) - 1e-9), 0, 9);
        return tick.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static (double Low, double High) Proper(double low, double high)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || !double.IsFinite(high - low))
        {
            return (0, 1);
        }

        double least = Math.Max(Math.Max(Math.Abs(low), Math.Abs(high)) * 1e-6, 1e-12);
        return high - low > least ? (low, high) : (low - Half(low), low + Half(low));
    }

    private static double Half(double value) => value == 0 ? 0.5 : Math.Abs(value) / 10;

    private static double NiceStep(double rough)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
