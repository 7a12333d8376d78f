using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains.Telemetry;

/// <summary>
/// Traces of what silos do, from the source <see cref="SourceName"/>. All work of one run is one trace, whichever silo does it and however often it
/// is resumed: its id is made of the hash of the run's spec, so nothing has to be passed along.
/// </summary>
public static class DdmActivities
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "OrleansDDM";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>A run is driven, from its start or resumption to its end. What happens meanwhile is not below it, but in the same trace.</summary>
    public static Activity? Run(string run, string specHash, long term)
    {
        Activity? current = Activity.Current;
        Activity? activity = Start("run", run, specHash, null)?.SetTag("ddm.term", term);
        Activity.Current = current;
        return activity;
    }

    /// <summary>The data of a run is loaded and clustered.</summary>
    public static Activity? Prepare(string run, string specHash) => Start("prepare", run, specHash, null);

    /// <summary>A model is opened for training.</summary>
    public static Activity? Open(string run, string specHash, ModelRole role) => Start("open", run, specHash, role);

    /// <summary>A slice of training.</summary>
    public static Activity? Slice(string run, string specHash, ModelRole role) => Start("slice", run, specHash, role);

    /// <summary>A checkpoint is written down.</summary>
    public static Activity? Checkpoint(string run, string specHash, ModelRole role) => Start("checkpoint", run, specHash, role);

    /// <summary>Samples are drawn; below the activity that asked for them, if there is one.</summary>
    public static Activity? Sample(string run, string specHash) =>
        Activity.Current is null ? Start("sample", run, specHash, null) : Source.StartActivity("sample")?.SetTag("ddm.run", run);

    /// <summary>Ends what <see cref="Run"/> began, from wherever, with the phase that it came to. Again, it does nothing.</summary>
    public static void End(this Activity? activity, string phase)
    {
        if (activity is { IsStopped: false })
        {
            Activity? current = Activity.Current;
            activity.SetTag("ddm.phase", phase).Dispose();
            Activity.Current = current;
        }
    }

    /// <summary>Marks an activity as failed.</summary>
    public static void Fail(this Activity? activity, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        activity?.AddException(exception).SetStatus(ActivityStatusCode.Error, exception.Message);
    }

    /// <summary>The trace of a run: the first half of the SHA-256 of its spec's hash, and a span that nobody records.</summary>
    public static ActivityContext ContextOf(string specHash)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(specHash));
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(hash.AsSpan(0, 16)), ActivitySpanId.CreateFromBytes(hash.AsSpan(16, 8)), ActivityTraceFlags.Recorded, isRemote: true);
    }

    private static Activity? Start(string name, string run, string specHash, ModelRole? role) => Source.HasListeners()
        ? Source.StartActivity(name, ActivityKind.Internal, ContextOf(specHash))?.SetTag("ddm.run", run).SetTag("ddm.role", role?.ToString())
        : null;
}
