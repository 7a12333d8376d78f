using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("OrleansDDM.Tests")]
