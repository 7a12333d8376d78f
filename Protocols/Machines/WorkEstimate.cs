using System.Globalization;

namespace OrleansDDM.Protocols.Machines;

/// <summary>What a round's work takes, as configured or measured. It only sets deadlines; it never changes a result.</summary>
/// <param name="ModelBytes">Bytes of one model.</param>
/// <param name="BytesPerSecond">Bandwidth of one peer.</param>
/// <param name="TrainSeconds">Seconds of one local training.</param>
/// <param name="RoundTripSeconds">Seconds to a peer and back.</param>
/// <param name="Origin">How the bandwidth is known; empty = it is not told.</param>
public sealed record WorkEstimate(
    long ModelBytes = 350_000, double BytesPerSecond = 10e6, double TrainSeconds = 0.2, double RoundTripSeconds = 0.3, string Origin = "")
{
    /// <summary>How long to wait for peers that do the same work as we do, and why.</summary>
    /// <param name="transfers">Models that share one link in that time.</param>
    public (TimeSpan Time, string Reason) Deadline(int transfers)
    {
        double transfer = ModelBytes * (double)transfers / BytesPerSecond;
        double seconds = (2 * TrainSeconds) + (2 * transfer) + (3 * RoundTripSeconds);
        return (TimeSpan.FromSeconds(seconds), string.Create(
            CultureInfo.InvariantCulture,
            $"{seconds:0.###} s = 2 x {TrainSeconds:0.###} s training + 2 x {transfer:0.###} s for {transfers} models of {ModelBytes} bytes at {BytesPerSecond:0} bytes/s{(Origin.Length > 0 ? $" ({Origin})" : "")} + 3 x {RoundTripSeconds:0.###} s round trip"));
    }
}
