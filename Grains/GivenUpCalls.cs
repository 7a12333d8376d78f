namespace OrleansDDM.Grains;

/// <summary>Calls that their callers may give up.</summary>
internal static class GivenUpCalls
{
    /// <summary>The same call. Where it fails after nobody waits for it any more, that is nobody's business, and no exception that nobody handled.</summary>
    public static T MayBeGivenUp<T>(this T call)
        where T : Task
    {
        _ = call.ContinueWith(
            static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return call;
    }
}
