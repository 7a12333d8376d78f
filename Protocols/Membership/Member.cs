namespace OrleansDDM.Protocols.Membership;

/// <summary>What a peer knows of a member.</summary>
/// <param name="LastActive">Highest round in which it was known to be alive.</param>
/// <param name="Counter">Its own membership counter at its last JOIN or LEAVE; 0 = never heard.</param>
/// <param name="Left">Whether that was a LEAVE.</param>
public readonly record struct Member(long LastActive, long Counter, bool Left);
