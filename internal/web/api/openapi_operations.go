package api

import "net/http"

// An operation is what the description of the API says of an endpoint beside its row in the table of routes: what it does,
// what it takes, and what it answers.
type operation struct {
	does string
	// takes are the names of the parameters beside those of the path, each with what is special about it here:
	//
	//	name!          is required
	//	name=20:40     a number that is 20 where it is absent, and at most 40
	//	name<80        a list of at most 80
	//	name:kind      of another kind than the name has elsewhere
	//
	// Those that are refused stand in refusals.
	takes string
	gives any // a value of the answer's type; for a stream, the media type
	also  int // another status of the same answer, 0 for none
}

const (
	olderNewer = "max_id since_id min_id "
	posts      = olderNewer + "limit=20:40"
	people     = olderNewer + "limit=40:80"
	eventText  = "text/event-stream"
	plainText  = "text/plain"
)

// operations describe every endpoint, by method and path. TestRoutesAreDescribed compares them with the routes.
var operations = map[string]operation{
	"GET /api/openapi.json": {does: "This description.", gives: map[string]any{}},

	"POST /api/v1/apps":                           {does: "Register a client.", takes: "client_name! redirect_uris! scopes website", gives: CredentialApplication{}},
	"GET /api/v1/apps/verify_credentials":         {does: "The client of the token.", gives: Application{}},
	"POST /oauth/token":                           {does: "Get a token for a code, or one for the client itself.", takes: "grant_type! code client_id client_secret redirect_uri code_verifier scope", gives: Token{}},
	"GET /oauth/userinfo":                         {does: "Who logged in, as OpenID Connect has it.", gives: UserInfo{}},
	"POST /oauth/userinfo":                        {does: "Who logged in, as OpenID Connect has it.", gives: UserInfo{}},
	"POST /oauth/revoke":                          {does: "Revoke a token.", takes: "client_id client_secret token", gives: nothing{}},
	"POST /api/v1/accounts":                       {does: "Sign up.", takes: "username! email! password! locale reason", gives: Token{}},
	"GET /api/v1/instance":                        {does: "The site, as clients of old ask.", gives: InstanceV1{}},
	"GET /api/v2/instance":                        {does: "The site.", gives: InstanceV2{}},
	"GET /api/v1/instance/rules":                  {does: "The site's rules.", gives: []Rule{}},
	"GET /api/v1/instance/peers":                  {does: "Always empty: the site is not federated.", gives: []nothing{}},
	"GET /api/v1/instance/activity":               {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/instance/domain_blocks":          {does: "Always empty: the site is not federated.", gives: []nothing{}},
	"GET /.well-known/nodeinfo":                   {does: "Where the node's description is.", gives: NodeInfoLinks{}},
	"GET /nodeinfo/2.0":                           {does: "The node, in the format of NodeInfo 2.0.", gives: map[string]any{}},
	"GET /.well-known/oauth-authorization-server": {does: "The OAuth server, in the format of RFC 8414.", gives: map[string]any{}},
	"GET /.well-known/webfinger":                  {does: "Always 404: the site is not federated.", gives: nothing{}},

	"GET /api/v1/accounts/verify_credentials":   {does: "The account of the token, with its defaults.", gives: Account{}},
	"PATCH /api/v1/accounts/update_credentials": {does: "Change the own profile and defaults.", takes: "display_name note avatar header locked bot discoverable fields_attributes source", gives: Account{}},
	"GET /api/v1/accounts":                      {does: "Accounts by their ids.", takes: "id<80", gives: []*Account{}},
	"GET /api/v1/accounts/lookup":               {does: "An account by its name.", takes: "acct", gives: Account{}},
	"GET /api/v1/accounts/search":               {does: "Accounts by the beginning of their names.", takes: "q limit=40:80 offset=0:80 following resolve", gives: []*Account{}},
	"GET /api/v1/accounts/familiar_followers":   {does: "Those followers of each account whom the caller follows, at most 40 of each.", takes: "id<40", gives: []FamiliarFollowers{}},
	"GET /api/v1/accounts/relationships":        {does: "How the caller stands to accounts.", takes: "id<200 with_suspended", gives: []Relationship{}},
	"GET /api/v1/accounts/:id":                  {does: "An account.", gives: Account{}},
	"GET /api/v1/accounts/:id/statuses":         {does: "An account's posts, comments and boosts, newest first.", takes: posts + " only_media exclude_replies exclude_reblogs pinned tagged", gives: []*Status{}},
	"GET /api/v1/accounts/:id/followers":        {does: "Who follows an account.", takes: people, gives: []*Account{}},
	"GET /api/v1/accounts/:id/following":        {does: "Whom an account follows.", takes: people, gives: []*Account{}},
	"GET /api/v1/accounts/:id/featured_tags":    {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/accounts/:id/endorsements":     {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/accounts/:id/identity_proofs":  {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/accounts/:id/lists":            {does: "The caller's lists that an account is in.", gives: []List{}},

	"POST /api/v1/accounts/:id/follow":                {does: "Follow an account, or ask to.", takes: "reblogs notify", gives: Relationship{}},
	"POST /api/v1/accounts/:id/unfollow":              {does: "Follow no more.", gives: Relationship{}},
	"POST /api/v1/accounts/:id/remove_from_followers": {does: "Have an account follow no more.", gives: Relationship{}},
	"POST /api/v1/accounts/:id/block":                 {does: "Block an account.", gives: Relationship{}},
	"POST /api/v1/accounts/:id/unblock":               {does: "Block no more.", gives: Relationship{}},
	"POST /api/v1/accounts/:id/mute":                  {does: "Mute an account, for so many seconds or until unmuted.", takes: "notifications:boolean duration=0:2147483648", gives: Relationship{}},
	"POST /api/v1/accounts/:id/unmute":                {does: "Mute no more.", gives: Relationship{}},
	"POST /api/v1/accounts/:id/note":                  {does: "Write a private note about an account.", takes: "comment", gives: Relationship{}},
	"GET /api/v1/follow_requests":                     {does: "Who asks to follow.", takes: people, gives: []*Account{}},
	"POST /api/v1/follow_requests/:id/authorize":      {does: "Let an account follow.", gives: Relationship{}},
	"POST /api/v1/follow_requests/:id/reject":         {does: "Refuse a request to follow.", gives: Relationship{}},
	"GET /api/v1/blocks":                              {does: "Blocked accounts.", takes: people, gives: []*Account{}},
	"GET /api/v1/mutes":                               {does: "Muted accounts.", takes: people, gives: []MutedAccount{}},

	"POST /api/v1/media":       {does: "Upload a photo, and wait until it is ready.", takes: "file! description focus", gives: MediaAttachment{}},
	"POST /api/v2/media":       {does: "Upload a photo: 202 without an address where it takes long.", takes: "file! description focus", gives: MediaAttachment{}, also: http.StatusAccepted},
	"GET /api/v1/media":        {does: "Uploaded photos that no post has yet.", gives: []MediaAttachment{}},
	"GET /api/v1/media/:id":    {does: "A photo: 206 while it is being prepared.", gives: MediaAttachment{}, also: http.StatusPartialContent},
	"PUT /api/v1/media/:id":    {does: "Describe a photo.", takes: "description focus", gives: MediaAttachment{}},
	"DELETE /api/v1/media/:id": {does: "Remove a photo that no post has yet.", gives: nothing{}},
	"PUT /api/v2/media/:id":    {does: "Always 404, by which clients find v1.", gives: nothing{}},

	"POST /api/v1/statuses":                  {does: "Post photos, or comment on what in_reply_to_id names.", takes: "status media_ids<10 media_attributes in_reply_to_id sensitive spoiler_text visibility language", gives: Status{}},
	"GET /api/v1/statuses":                   {does: "Posts, comments and boosts by their ids.", takes: "id<80", gives: []*Status{}},
	"GET /api/v1/statuses/:id":               {does: "A post, comment or boost.", gives: Status{}},
	"PUT /api/v1/statuses/:id":               {does: "Edit an own post or comment.", takes: "status media_ids<10 media_attributes sensitive spoiler_text visibility language", gives: Status{}},
	"DELETE /api/v1/statuses/:id":            {does: "Delete an own post, comment or boost, or a comment under an own post. Moderators remove those of others, with a reason for the log and a text to the author.", takes: "reason text delete_media", gives: Status{}},
	"GET /api/v1/statuses/:id/context":       {does: "What stands above and below in the thread.", gives: Context{}},
	"GET /api/v1/statuses/:id/card":          {does: "Always empty: links have no previews.", gives: nothing{}},
	"GET /api/v1/statuses/:id/source":        {does: "The text of an own post as it was typed.", gives: StatusSource{}},
	"GET /api/v1/statuses/:id/history":       {does: "The versions of a post, oldest first.", gives: []StatusEdit{}},
	"GET /api/v1/statuses/:id/favourited_by": {does: "Who likes a post.", takes: people, gives: []*Account{}},
	"GET /api/v1/statuses/:id/reblogged_by":  {does: "Who boosted a post.", takes: people, gives: []*Account{}},
	"POST /api/v1/statuses/:id/favourite":    {does: "Like.", gives: Status{}},
	"POST /api/v1/statuses/:id/unfavourite":  {does: "Like no more.", gives: Status{}},
	"POST /api/v1/statuses/:id/reblog":       {does: "Boost.", gives: Status{}},
	"POST /api/v1/statuses/:id/unreblog":     {does: "Take a boost back.", gives: Status{}},
	"POST /api/v1/statuses/:id/bookmark":     {does: "Bookmark.", gives: Status{}},
	"POST /api/v1/statuses/:id/unbookmark":   {does: "Remove a bookmark.", gives: Status{}},
	"POST /api/v1/statuses/:id/mute":         {does: "Mute the conversation.", gives: Status{}},
	"POST /api/v1/statuses/:id/unmute":       {does: "Mute the conversation no more.", gives: Status{}},
	"POST /api/v1/statuses/:id/pin":          {does: "Pin an own post to the profile.", gives: Status{}},
	"POST /api/v1/statuses/:id/unpin":        {does: "Unpin.", gives: Status{}},

	"GET /api/v1/timelines/home":     {does: "The home feed.", takes: posts, gives: []*Status{}},
	"GET /api/v1/timelines/list/:id": {does: "What the people of a list posted and boosted.", takes: posts, gives: []*Status{}},
	"GET /api/v1/timelines/public":   {does: "All public posts.", takes: posts + " local remote only_media", gives: []*Status{}},
	"GET /api/v1/timelines/tag/:tag": {does: "Public posts with a tag.", takes: posts + " any<4 all<4 none<4 local remote only_media", gives: []*Status{}},
	"GET /api/v1/favourites":         {does: "Posts that the caller likes.", takes: posts, gives: []*Status{}},
	"GET /api/v1/bookmarks":          {does: "Posts that the caller bookmarked.", takes: posts, gives: []*Status{}},

	"GET /api/v1/notifications":              {does: "Notifications, newest first.", takes: people + " types exclude_types account_id", gives: []*Notification{}},
	"GET /api/v1/notifications/unread_count": {does: "How many notifications are unread, counted up to the limit.", takes: "limit=100:100 types exclude_types account_id", gives: UnreadCount{}},
	"GET /api/v1/notifications/:id":          {does: "A notification.", gives: Notification{}},
	"POST /api/v1/notifications/clear":       {does: "Remove all notifications.", gives: nothing{}},
	"POST /api/v1/notifications/:id/dismiss": {does: "Remove a notification.", gives: nothing{}},
	"POST /api/v1/notifications/dismiss":     {does: "Remove a notification, as clients of old ask.", takes: "id:id", gives: nothing{}},

	"GET /api/v2/search":                  {does: "Find accounts, posts and tags.", takes: "q type following account_id max_id min_id limit=20:40 offset=0:80 resolve exclude_unreviewed", gives: Search{}},
	"GET /api/v1/tags/:name":              {does: "A tag, used or not.", gives: Tag{}},
	"POST /api/v1/tags/:name/follow":      {does: "Follow a tag.", gives: Tag{}},
	"POST /api/v1/tags/:name/unfollow":    {does: "Follow a tag no more.", gives: Tag{}},
	"GET /api/v1/filters":                 {does: "The keywords of the caller's filters, as clients of old ask.", gives: []OldFilter{}},
	"GET /api/v2/filters":                 {does: "The caller's filters.", gives: []Filter{}},
	"POST /api/v2/filters":                {does: "Make a filter.", takes: "title! context! filter_action expires_in keywords_attributes", gives: Filter{}},
	"GET /api/v2/filters/:id":             {does: "A filter.", gives: Filter{}},
	"PUT /api/v2/filters/:id":             {does: "Change a filter, and its keywords.", takes: "title context filter_action expires_in keywords_attributes", gives: Filter{}},
	"DELETE /api/v2/filters/:id":          {does: "Delete a filter.", gives: nothing{}},
	"GET /api/v2/filters/:id/keywords":    {does: "A filter's keywords.", gives: []FilterKeyword{}},
	"POST /api/v2/filters/:id/keywords":   {does: "Add a keyword to a filter.", takes: "keyword! whole_word", gives: FilterKeyword{}},
	"GET /api/v2/filters/keywords/:id":    {does: "A keyword of a filter.", gives: FilterKeyword{}},
	"PUT /api/v2/filters/keywords/:id":    {does: "Change a keyword of a filter.", takes: "keyword whole_word", gives: FilterKeyword{}},
	"DELETE /api/v2/filters/keywords/:id": {does: "Remove a keyword of a filter.", gives: nothing{}},
	"GET /api/v2/filters/:id/statuses":    {does: "The statuses that a filter names.", gives: []FilterStatus{}},
	"POST /api/v2/filters/:id/statuses":   {does: "Have a filter name a status.", takes: "status_id!", gives: FilterStatus{}},
	"GET /api/v2/filters/statuses/:id":    {does: "A status that a filter names.", gives: FilterStatus{}},
	"DELETE /api/v2/filters/statuses/:id": {does: "Have a filter no longer name a status.", gives: FilterStatus{}},

	"GET /api/v1/lists":                 {does: "The caller's lists.", gives: []List{}},
	"POST /api/v1/lists":                {does: "Make a list.", takes: "title! replies_policy exclusive", gives: List{}},
	"GET /api/v1/lists/:id":             {does: "A list.", gives: List{}},
	"PUT /api/v1/lists/:id":             {does: "Change a list.", takes: "title replies_policy exclusive", gives: List{}},
	"DELETE /api/v1/lists/:id":          {does: "Delete a list. Its people are followed as before.", gives: nothing{}},
	"GET /api/v1/lists/:id/accounts":    {does: "Who is in a list; with a limit of 0 everybody.", takes: people, gives: []*Account{}},
	"POST /api/v1/lists/:id/accounts":   {does: "Add people whom the caller follows to a list.", takes: "account_ids!<80", gives: nothing{}},
	"DELETE /api/v1/lists/:id/accounts": {does: "Take people out of a list.", takes: "account_ids!<80", gives: nothing{}},

	"GET /api/v1/followed_tags":                     {does: "Followed tags.", takes: olderNewer + "limit=100:200", gives: []Tag{}},
	"GET /api/v1/markers":                           {does: "How far timelines were read.", takes: "timeline", gives: map[string]Marker{}},
	"POST /api/v1/markers":                          {does: "Say how far timelines were read.", takes: "home:marker notifications:marker", gives: map[string]Marker{}},
	"GET /api/v1/preferences":                       {does: "The caller's settings.", gives: Preferences{}},
	"GET /api/v1/admin/accounts":                    {does: "Members, for those who look after them.", takes: olderNewer + "limit=100:200 active silenced suspended pending disabled remote staff username display_name email", gives: []*AdminAccount{}},
	"GET /api/v2/admin/accounts":                    {does: "Members, for those who look after them.", takes: olderNewer + "limit=100:200 status origin permissions username display_name email", gives: []*AdminAccount{}},
	"GET /api/v1/admin/accounts/:id":                {does: "A member, suspended or not.", gives: AdminAccount{}},
	"DELETE /api/v1/admin/accounts/:id":             {does: "Delete a suspended member with everything in the account.", takes: "reason", gives: AdminAccount{}},
	"POST /api/v1/admin/accounts/:id/action":        {does: "Warn (none), limit (silence) or suspend a member, and close a report with it.", takes: "type! text report_id reason", gives: nothing{}},
	"POST /api/v1/admin/accounts/:id/unsilence":     {does: "End the limit.", takes: "reason", gives: AdminAccount{}},
	"POST /api/v1/admin/accounts/:id/unsuspend":     {does: "End the suspension.", takes: "reason", gives: AdminAccount{}},
	"POST /api/v1/admin/accounts/:id/approve":       {does: "Let in somebody who waits.", takes: "reason", gives: AdminAccount{}},
	"POST /api/v1/admin/accounts/:id/reject":        {does: "Remove the sign-up of somebody who waits.", takes: "reason", gives: AdminAccount{}},
	"POST /api/v1/admin/accounts/:id/enable":        {does: "Nothing: nobody's log-in is disabled alone.", gives: AdminAccount{}},
	"POST /api/v1/admin/accounts/:id/unsensitive":   {does: "Nothing: nobody's photos are all marked.", gives: AdminAccount{}},
	"PUT /api/v1/admin/reports/:id":                 {does: "Say what a report is about.", takes: "category rule_ids reason", gives: AdminReport{}},
	"GET /api/v1/admin/reports":                     {does: "Reports, newest first.", takes: olderNewer + "limit=100:200 resolved account_id target_account_id", gives: []*AdminReport{}},
	"GET /api/v1/admin/reports/:id":                 {does: "A report.", gives: AdminReport{}},
	"POST /api/v1/admin/reports/:id/assign_to_self": {does: "Say that one looks at a report.", takes: "reason", gives: AdminReport{}},
	"POST /api/v1/admin/reports/:id/unassign":       {does: "Leave a report to others.", takes: "reason", gives: AdminReport{}},
	"POST /api/v1/admin/reports/:id/resolve":        {does: "Close a report. 422 says who closed it before.", takes: "reason", gives: AdminReport{}},
	"POST /api/v1/admin/reports/:id/reopen":         {does: "Open a closed report again.", takes: "reason", gives: AdminReport{}},
	"POST /api/v1/reports":                          {does: "Report an account, or some of its posts.", takes: "account_id! status_ids<20 comment category rule_ids forward", gives: Report{}},

	"GET /api/v1/directory":       {does: "Members who may be found.", takes: "limit=40:80 offset=0:2000 order local", gives: []*Account{}},
	"GET /api/v1/suggestions":     {does: "Whom to follow, as clients of old ask.", takes: "limit=40:80", gives: []*Account{}},
	"GET /api/v2/suggestions":     {does: "Whom to follow.", takes: "limit=40:80", gives: []Suggestion{}},
	"GET /api/v1/trends":          {does: "The tags in use.", takes: "limit=10:40 offset=0:80", gives: []Tag{}},
	"GET /api/v1/trends/tags":     {does: "The tags in use.", takes: "limit=10:40 offset=0:80", gives: []Tag{}},
	"GET /api/v1/trends/statuses": {does: "What people liked, boosted and commented on.", takes: "limit=20:40 offset=0:2000", gives: []*Status{}},
	"GET /api/v1/trends/links":    {does: "Always empty.", gives: []nothing{}},

	"GET /api/v1/custom_emojis":                        {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/announcements":                        {does: "Announcements that stand, and that the caller has not dismissed.", takes: "with_dismissed", gives: []*Announcement{}},
	"POST /api/v1/announcements/:id/dismiss":           {does: "Dismiss an announcement.", gives: nothing{}},
	"PUT /api/v1/announcements/:id/reactions/:name":    {does: "React to an announcement with an emoji.", gives: nothing{}},
	"DELETE /api/v1/announcements/:id/reactions/:name": {does: "Take a reaction back.", gives: nothing{}},
	"GET /api/v1/conversations":                        {does: "Always empty: there are no direct messages.", gives: []nothing{}},
	"GET /api/v1/domain_blocks":                        {does: "Always empty: the site is not federated.", gives: []nothing{}},
	"GET /api/v1/featured_tags":                        {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/featured_tags/suggestions":            {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/endorsements":                         {does: "Always empty.", gives: []nothing{}},
	"GET /api/v1/scheduled_statuses":                   {does: "Always empty: posts cannot be scheduled.", gives: []nothing{}},

	"POST /api/v1/push/subscription":   {does: "Be told of notifications by Web Push, in place of what the token had.", takes: "subscription! data policy", gives: PushSubscription{}},
	"GET /api/v1/push/subscription":    {does: "The token's subscription, 404 where it has none.", gives: PushSubscription{}},
	"PUT /api/v1/push/subscription":    {does: "Change of what the token's subscription tells.", takes: "data policy", gives: PushSubscription{}},
	"DELETE /api/v1/push/subscription": {does: "End the token's subscription.", gives: nothing{}},

	"GET /api/v1/streaming":                   {does: "A WebSocket with any of the streams.", takes: "stream tag list access_token", gives: plainText},
	"GET /api/v1/streaming/user":              {does: "What happens in the home feed, and notifications.", takes: "access_token", gives: eventText},
	"GET /api/v1/streaming/user/notification": {does: "Notifications as they come.", takes: "access_token", gives: eventText},
	"GET /api/v1/streaming/public":            {does: "Public posts as they come.", takes: "access_token", gives: eventText},
	"GET /api/v1/streaming/public/local":      {does: "Public posts as they come.", takes: "access_token", gives: eventText},
	"GET /api/v1/streaming/hashtag":           {does: "Public posts with a tag as they come.", takes: "tag! access_token", gives: eventText},
	"GET /api/v1/streaming/hashtag/local":     {does: "Public posts with a tag as they come.", takes: "tag! access_token", gives: eventText},
	"GET /api/v1/streaming/list":              {does: "A list's posts as they come.", takes: "list! access_token", gives: eventText},
	"GET /api/v1/streaming/direct":            {does: "Silent: there are no direct messages.", takes: "access_token", gives: eventText},
	"GET /api/v1/streaming/health":            {does: "OK while streams are served.", gives: plainText},
}
