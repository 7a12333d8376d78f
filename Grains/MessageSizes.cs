using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains;

/// <summary>
/// Refuses an oversize message where it would be sent. Orleans refuses frames above 100 MiB only by closing the connection that all calls
/// between two silos share, and large ones delay the probes on it.
/// </summary>
internal sealed class MessageSizes : IOutgoingGrainCallFilter, IIncomingGrainCallFilter
{
    /// <summary>The most bytes of payload in one message: room for one sample request of the largest size, far below the hard limit.</summary>
    public const long Limit = 48L << 20;

    /// <inheritdoc/>
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        for (int i = 0; i < context.Request.GetArgumentCount(); i++)
        {
            Require(context.MethodName, context.Request.GetArgument(i));
        }

        await context.Invoke();
    }

    /// <inheritdoc/>
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        Require(context.MethodName, context.Result);
    }

    /// <summary>Refuses a payload above the limit.</summary>
    /// <exception cref="MessageTooLargeException">It is larger.</exception>
    public static void Require(string method, object? payload)
    {
        long bytes = SizeOf(payload);
        if (bytes > Limit)
        {
            throw new MessageTooLargeException(method, bytes, Limit);
        }
    }

    // What can be large; the rest is bounded by its kind.
    private static long SizeOf(object? payload) => payload switch
    {
        byte[] bytes => bytes.LongLength,
        float[] values => sizeof(float) * values.LongLength,
        string text => sizeof(char) * (long)text.Length,
        EvaluateRequest request => (sizeof(float) * request.Values.LongLength) + (sizeof(int) * (request.Classes?.LongLength ?? 0)),
        PointsQuestion question => sizeof(float) * question.Centroids.LongLength,
        PointsAnswer answer => (sizeof(float) * answer.Points.LongLength) + (sizeof(long) * answer.Sums.LongLength),
        HostImages images => sizeof(long) * images.Products.LongLength,
        ModelReport report => SizeOf(report.Points),
        ModelMetrics metrics => SizeOf(metrics.Points),
        ModelMetrics[] all => all.Sum(m => SizeOf(m.Points)),
        MetricPoint[] points => points.Sum(p => 16L + (sizeof(char) * p.Name.Length)),
        _ => 0,
    };
}
