using Orleans.Runtime;
using Orleans.Storage;

namespace OrleansDDM.Grains;

/// <summary>
/// Repeats a call that may be repeated: one that changes nothing more when it is done twice. Pauses grow twofold up to a limit and are
/// jittered, so that those who failed together do not come back together.
/// </summary>
/// <param name="first">The first pause; it is shortened at random by up to a half.</param>
/// <param name="longest">The longest pause.</param>
/// <param name="patience">Time after which a failure is no longer repeated.</param>
/// <param name="clock">Clock.</param>
/// <param name="seed">Seed of the jitter.</param>
/// <param name="retried">Told of each other try.</param>
internal sealed class Retry(TimeSpan first, TimeSpan longest, TimeSpan patience, TimeProvider clock, int seed, Action? retried = null)
{
    private readonly Random _random = new(seed);

    /// <summary>Calls until it succeeds, fails for good, or patience ends with the last failure.</summary>
    /// <param name="call">An idempotent call.</param>
    /// <param name="mayPass">Whether a failure may pass by itself.</param>
    /// <param name="failed">Told each failure that is followed by another try.</param>
    /// <param name="cancellation">Ends the tries.</param>
    public async Task<T> RunAsync<T>(
        Func<Task<T>> call, Func<Exception, bool> mayPass, Action<Exception>? failed = null, CancellationToken cancellation = default)
    {
        long began = clock.GetTimestamp();
        TimeSpan pause = first;
        while (true)
        {
            TimeSpan wait = Shortened(pause, _random);
            try
            {
                return await call();
            }
            catch (Exception e) when (mayPass(e) && !cancellation.IsCancellationRequested && clock.GetElapsedTime(began) + wait <= patience)
            {
                failed?.Invoke(e);
                retried?.Invoke();
            }

            await Task.Delay(wait, clock, cancellation);
            pause = 2 * pause < longest ? 2 * pause : longest;
        }
    }

    /// <summary>A pause as it is jittered here, for waits that are not the repetition of one call.</summary>
    public static TimeSpan Shortened(TimeSpan pause, Random random) => pause * (1 - (random.NextDouble() / 2));

    /// <summary>Whether a failed call between grains may pass: its silo is gone or does not answer, and another one will have the grain.</summary>
    public static bool OfCall(Exception e) => e is TimeoutException or OrleansException;

    /// <summary>Whether a failed access to the state may pass: anything but a newer activation that owns the row.</summary>
    public static bool OfStorage(Exception e) => e is not (InconsistentStateException or OperationCanceledException);
}
