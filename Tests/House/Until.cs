using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

using Xunit.Sdk;

namespace OrleansDDM.Tests.House;

/// <summary>Waits for what other threads and processes do. What does not come in time fails the test with what was waited for, and what was seen last.</summary>
internal static class Until
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Waits until something holds.</summary>
    public static Task HoldsAsync(Func<bool> holds, TimeSpan? patience = null, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        HoldsAsync(() => Task.FromResult(holds()), patience, what);

    /// <summary>Waits until something holds.</summary>
    public static Task HoldsAsync(Func<Task<bool>> holds, TimeSpan? patience = null, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        SeenAsync(async () => (object)await holds(), seen => (bool)seen, patience, what);

    /// <summary>Looks until what is seen is as wanted, and returns it. A look that sees nothing, or fails with a time-out, is taken again.</summary>
    public static async Task<T> SeenAsync<T>(
        Func<Task<T?>> look, Func<T, bool> wanted, TimeSpan? patience = null, [CallerArgumentExpression(nameof(wanted))] string what = "")
        where T : class
    {
        TimeSpan limit = patience ?? Patience;
        long begun = Stopwatch.GetTimestamp();
        T? seen = null;
        while (true)
        {
            TimeSpan left = limit - Stopwatch.GetElapsedTime(begun);
            try
            {
                seen = left > TimeSpan.Zero ? await look().WaitAsync(left) ?? seen : seen;
                if (seen is not null && wanted(seen))
                {
                    return seen;
                }
            }
            catch (TimeoutException)
            {
                // Said below, when the time is up.
            }

            if (Stopwatch.GetElapsedTime(begun) >= limit)
            {
                throw new XunitException($"Waited {limit.TotalSeconds:0} s in vain for: {what}\nSeen last: {(seen is null ? "nothing" : Shown(seen))}");
            }

            await Task.Delay(Look);
        }
    }

    // As JSON, for a record does not print what its arrays hold.
    private static string Shown(object seen)
    {
        try
        {
            return JsonSerializer.Serialize(seen, seen.GetType(), Readable);
        }
        catch (Exception e) when (e is NotSupportedException or JsonException)
        {
            return seen.ToString() ?? string.Empty;
        }
    }
}
