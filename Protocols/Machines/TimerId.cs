namespace OrleansDDM.Protocols.Machines;

/// <summary>Name of a timer of one peer. Setting a timer that is set already moves it.</summary>
/// <param name="Name">What it is for.</param>
/// <param name="Number">Which of them: a round, a search; so that a late one is recognised.</param>
public readonly record struct TimerId(string Name, long Number = 0);
