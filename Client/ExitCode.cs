namespace OrleansDDM.Client;

/// <summary>Exit codes of <c>ddm</c>. They are part of its contract.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>Something failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The spec, a file or a setting is wrong.</summary>
    public const int BadConfiguration = 3;

    /// <summary>The cluster cannot be reached.</summary>
    public const int Unreachable = 4;

    /// <summary>Reserved for too few silos or peers. Nothing returns it: a run that lacks some waits for them, and its status says so.</summary>
    public const int QuorumLost = 5;

    /// <summary>Something took longer than it may.</summary>
    public const int Timeout = 6;

    /// <summary>Data or a model is damaged.</summary>
    public const int Integrity = 7;

    /// <summary>The caller may not do this.</summary>
    public const int Unauthorised = 8;

    /// <summary>Interrupted by Ctrl+C or SIGTERM.</summary>
    public const int Interrupted = 130;
}
