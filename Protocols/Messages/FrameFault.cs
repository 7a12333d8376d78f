namespace OrleansDDM.Protocols.Messages;

/// <summary>Why a frame was refused.</summary>
public enum FrameFault
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>Shorter than its header.</summary>
    TooShort,

    /// <summary>Longer than the limit.</summary>
    TooLong,

    /// <summary>Not one of our frames.</summary>
    WrongMagic,

    /// <summary>Of another version of the codec.</summary>
    WrongVersion,

    /// <summary>Of another protocol.</summary>
    WrongProtocol,

    /// <summary>Damaged on the way.</summary>
    WrongChecksum,

    /// <summary>A kind that the protocol does not have.</summary>
    UnknownKind,

    /// <summary>A field is missing or out of range.</summary>
    Malformed,

    /// <summary>Bytes are left over.</summary>
    TrailingBytes,

    /// <summary>It names a model that cannot be had, is of another shape, or is not finite.</summary>
    WrongModel,
}
