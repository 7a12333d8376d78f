using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

using Orleans.Runtime;

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

    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Members = new();

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

    /// <summary>
    /// Bytes of all texts and arrays of numbers in a message, however deep: of the members that are sent, in arrays and streams of messages too.
    /// Single numbers do not count.
    /// </summary>
    internal static long SizeOf(object? payload) => payload switch
    {
        null => 0,
        string text => sizeof(char) * (long)text.Length,
        byte[] bytes => bytes.LongLength,
        float[] values => sizeof(float) * values.LongLength,
        int[] values => sizeof(int) * values.LongLength,
        long[] values => sizeof(long) * values.LongLength,
        double[] values => sizeof(double) * values.LongLength,
        bool[] values => values.LongLength,
        MetricPoint[] points => points.Sum(p => 16L + (sizeof(char) * p.Name.Length)),
        IList items when !items.GetType().IsValueType => items.Cast<object?>().Sum(SizeOf),
        ITuple parts => Enumerable.Range(0, parts.Length).Sum(i => SizeOf(parts[i])), // The next items of a stream, with whether it ends.
        _ => Members.GetOrAdd(payload.GetType(), MembersOf).Sum(m => SizeOf(m.GetValue(payload))),
    };

    private static PropertyInfo[] MembersOf(Type type) =>
        [.. type.GetProperties().Where(p => p.IsDefined(typeof(IdAttribute), inherit: false) && !p.PropertyType.IsPrimitive && !p.PropertyType.IsEnum)];
}
