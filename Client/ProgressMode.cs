namespace OrleansDDM.Client;

/// <summary>How progress is shown on stderr.</summary>
public enum ProgressMode
{
    /// <summary>Live bars on an interactive terminal, plain lines otherwise.</summary>
    Auto,

    /// <summary>Lines.</summary>
    Plain,

    /// <summary>Nothing.</summary>
    None,
}
